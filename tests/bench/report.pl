#!/usr/bin/perl
# report.pl FOLDER COMMAND: the table, in Markdown, of what run.sh measured.
#
# FOLDER has `workloads` (the table of workloads.sh), `samples` (a line each: instances, key, system, value, requests),
# `wrong` and `left-out`.
use strict;
use warnings;
use utf8;
use POSIX qw(strftime);
binmode STDOUT, ':encoding(UTF-8)';

my ($folder, $command) = @ARGV;
my @systems = qw(ours tmpfs ceiling looking sshfs rclone httpdirfs curl);
my %title = (ours => 'skystackfs', looking => 'ceiling, looking');

sub lines_of {
    open my $file, '<:encoding(UTF-8)', "$folder/$_[0]" or die "$folder/$_[0]: $!";
    chomp(my @lines = <$file>);
    return @lines;
}

my (@workloads, %values, %requests, %sizes);
for (lines_of('workloads')) {
    my ($fields, $what) = split / \| /, $_, 2;
    my ($key, undef, undef, $unit, undef, $bars) = split ' ', $fields;
    push @workloads, {key => $key, unit => $unit, bars => $bars, what => $what};
}
for (lines_of('samples')) {
    my ($size, $key, $system, $value, $asked) = split;
    push @{$values{$key}{$size}{$system}}, $value;
    push @{$requests{$key}{$size}{$system}}, $asked;
    $sizes{$size} = 1;
}
my @sizes = sort { $a <=> $b } keys %sizes;

# Of some numbers, or undef.
sub median {
    my @sorted = sort { $a <=> $b } @{$_[0] // return undef};
    return ($sorted[@sorted / 2] + $sorted[$#sorted / 2]) / 2;
}

sub grouped {
    my $text = reverse shift;
    $text =~ s/(\d{3})(?=\d)/$1,/g;
    return scalar reverse $text;
}

# Three digits.
sub rounded {
    my $number = shift;
    my $digits = $number >= 100 ? 0 : $number >= 10 ? 1 : 2;
    return sprintf "%.${digits}f", $number;
}

my %units = (
    ns => [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']],
    bytes => [[1e6, 'MB']],
    count => [[1, '']],
);

# Values of one unit, in the scale that fits the first: median, and from … to in brackets.
sub cell {
    my ($unit, $values) = @_;
    return '–' unless $values;
    my $middle = median($values);
    my ($scale) = grep { $middle >= $_->[0] } @{$units{$unit}};
    $scale //= $units{$unit}[-1];
    my ($low, $high) = (sort { $a <=> $b } @$values)[0, -1];
    return grouped(int $middle) if $unit eq 'count';
    my $text = rounded($middle / $scale->[0]) . " $scale->[1]";
    $text .= ' (' . rounded($low / $scale->[0]) . '–' . rounded($high / $scale->[0]) . ')' if @$values > 1;
    return $text;
}

# A bar's ratio and limit in words, and whether it is met; nothing if something to compare with was not measured.
sub judge {
    my ($workload, $size, $bar) = @_;
    my $ours = median($values{$workload->{key}}{$size}{ours}) // return;
    if ($bar =~ /^(\d+)requests$/) {
        my $asked = median($requests{$workload->{key}}{$size}{ours});
        return ("$asked requests (≤ $1)", $asked <= $1);
    }
    if ($bar =~ /^([\d.]+)(ms)?$/) {
        my $limit = $2 ? $1 * 1e6 : $1;
        return (cell($workload->{unit}, [$ours]) . ' (≤ ' . ($2 ? "$1 ms" : $1) . ')', $ours <= $limit);
    }
    my ($factor, $against) = $bar =~ /^([\d.]+)\*(.*)$/ or die "what is $bar?\n";
    my ($ratio, $name) = compare($workload->{key}, $size, $ours, $against) or return;
    return (rounded($ratio) . " × $name (≤ $factor)", $ratio <= $factor);
}

sub compare {
    my ($key, $size, $ours, $against) = @_;
    if ($against eq 'linear' || $against eq 'constant') {
        my $least = median($values{$key}{$sizes[0]}{ours});
        return if $size == $sizes[0] || !$least;
        my $expected = $against eq 'linear' ? $least * $size / $sizes[0] : $least;
        return ($ours / $expected, $against eq 'linear' ? 'linear' : 'that of ' . grouped($sizes[0]));
    }
    my ($system, $other) = split m{/}, $against;
    my $theirs = median($values{$other // $key}{$size}{$system}) // return;
    my $name = $title{$system} // $system;
    return ($ours / $theirs, $other ? "`$other`" : $name);
}

sub bars {
    my ($workload, $size) = @_;
    my @texts;
    for my $bar (grep { $_ ne '-' } split /,/, $workload->{bars}) {
        my ($text, $met) = judge($workload, $size, $bar);
        next unless defined $text;
        push @texts, $met ? $text : "**$text**";
    }
    return join('; ', @texts) || '–';
}

sub counted {
    my ($workload, $size, $system) = @_;
    my $counts = $requests{$workload->{key}}{$size}{$system} or return '–';
    my @sorted = sort { $a <=> $b } grep { $_ ne '-' } @$counts or return '–';
    return $sorted[0] == $sorted[-1] ? grouped($sorted[0]) : grouped($sorted[0]) . '–' . grouped($sorted[-1]);
}

sub row {
    my ($workload, $size) = @_;
    my @cells = ($workload->{what}, grouped($size), counted($workload, $size, 'ours'));
    for my $system (@systems) {
        my $text = cell($workload->{unit}, $values{$workload->{key}}{$size}{$system});
        my $asked = $system eq 'ours' ? '–' : counted($workload, $size, $system);
        push @cells, $asked eq '–' || $asked eq '0' ? $text : "$text, $asked requests";
    }
    return '| ' . join(' | ', @cells, bars($workload, $size)) . ' |';
}

sub machine {
    my ($model) = map { /^model name\s*:\s*(.*)/ ? $1 : () } do { open my $f, '<', '/proc/cpuinfo'; <$f> };
    chomp(my $cores = `nproc`);
    chomp(my $kernel = `uname -r`);
    return ($model // 'unknown') . ", $cores cores, Linux $kernel";
}

print strftime("Measured on %Y-%m-%d", gmtime), ' on ', machine(), ": `tests/bench/$command`.\n\n";
print '| workload | instances | requests | ', join(' | ', map { $title{$_} // $_ } @systems), " | bars |\n";
print '|---', '|--:' x (2 + @systems), "|---|\n";
for my $workload (@workloads) {
    print row($workload, $_), "\n" for grep { $values{$workload->{key}}{$_} } @sizes;
}
my @left = lines_of('left-out');
print "\nLeft out: ", join('; ', @left), ".\n" if @left;
my @wrong = lines_of('wrong');
print "\n**Wrong**:\n\n", map { "- $_\n" } @wrong if @wrong;
