#!/usr/bin/perl
# memory.pl PID FILE: where in a process's memory the first line of a file stands.
#
# Prints a line for each place: `left out` if core dumps leave that mapping out, else `dumped`, and the mapping. Mappings of a
# sanitizer, which are larger than any memory, are not read.
use strict;
use warnings;

my ($pid, $file) = @ARGV;
open my $token_file, '<', $file or die "$file: $!";
chomp(my $token = <$token_file>);
die "no token\n" if length $token < 8;

my (@mappings, $mapping);
open my $smaps, '<', "/proc/$pid/smaps" or die "smaps: $!";
while (<$smaps>) {
    if (/^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)/) {
        no warnings 'portable';
        $mapping = {begin => hex $1, end => hex $2, may => $3, name => $4, text => $_};
        push @mappings, $mapping;
    }
    $mapping->{flags} = $1 if /^VmFlags: (.*)/;
}

open my $memory, '<:raw', "/proc/$pid/mem" or die "mem: $!";
for my $each (@mappings) {
    my $bytes = $each->{end} - $each->{begin};
    next if $each->{may} !~ /r/ || $each->{name} =~ /^\[v/ || $bytes > 1 << 30;
    sysseek $memory, $each->{begin}, 0 or next;
    my ($text, $piece) = ('');
    $text .= $piece while length $text < $bytes && sysread $memory, $piece, $bytes - length $text;
    for (my $at = -1; ($at = index $text, $token, $at + 1) >= 0;) {
        print $each->{flags} =~ /\bdd\b/ ? 'left out' : 'dumped', " $each->{text}";
    }
}
