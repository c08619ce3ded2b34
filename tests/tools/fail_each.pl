#!/usr/bin/perl
# fail_each.pl SHARED MOUNT SECONDS: lets one allocation after another of a living mount fail (fail_malloc.c shares SHARED with it), for
# each kind of operation below, at most so long for each: after the first ones the steps widen. Prints a line for each: its name, how
# many allocations failed, and the errnos that came of it.
#
# After each failure the mount must answer, and the same operation must succeed when nothing fails: else this ends with 1. So it does
# after any other outcome than success and ENOMEM, but where OpenSSL or libcurl are out of memory and say something else.
use strict;
use warnings;
no warnings 'io'; # a close that fails says what the write has said already
use Fcntl;
use Time::HiRes qw(time);

my ($shared, $mount, $seconds) = @ARGV;
my $prod = "$mount/prod";
my $number = 0;
$| = 1;

sub arm {
    open(my $file, '+<', $shared) or die "$shared: $!\n";
    syswrite($file, pack('ll', shift, 0)) == 8 or die "$shared: $!\n";
}

# How many have failed since; disarms.
sub failed {
    open(my $file, '+<', $shared) or die "$shared: $!\n";
    sysread($file, my $bytes, 8) == 8 or die "$shared: $!\n";
    sysseek($file, 0, 0);
    syswrite($file, pack('ll', 0, 0));
    return (unpack('ll', $bytes))[1];
}

sub slurp {
    sysopen(my $file, shift, O_RDONLY) or return 0;
    my $count = 1;
    while ($count) { defined($count = sysread($file, my $bytes, 65536)) or return 0; }
    return 1;
}

sub spit {
    my ($path, $text, $flags) = @_;
    sysopen(my $file, $path, O_WRONLY | $flags) or return 0;
    return defined syswrite($file, $text);
}

sub names {
    opendir(my $dir, shift) or return 0;
    $! = 0;
    my @names = readdir($dir);
    return $! == 0 && @names > 2;
}

sub refresh { spit("$mount/.skystack/refresh", "all\n", O_TRUNC) or die "refresh: $!\n"; }

# An instance that goes by either of two names.
my ($from, $to);
sub find_moved { ($from, $to) = -e "$prod/moved.json" ? qw(moved db-1) : qw(db-1 moved); }

# What a request's end may be called besides. A handshake that lacked memory may also wait in vain, up to the mount's timeout.
my %of_libraries = map { $_ => 1 } qw(ECONNABORTED ECONNREFUSED EHOSTUNREACH EINPROGRESS EREMOTEIO ETIMEDOUT);

# Name, what is done before anything fails, the operation, and whether it asks the API. Each is another instance's, or undone by itself.
my @operations = (
    ['stat', sub { }, sub { stat("$prod/web-1.json") && stat("$prod/web-1/status") && !stat("$prod/none-$number.json") }],
    ['read', sub { }, sub { slurp("$prod/web-1.json") && slurp("$prod/web-1/status") && slurp("$prod/.table") && slurp("$mount/.all.ndjson") }],
    ['list', sub { }, sub { names($prod) && names($mount) && names("$mount/.skystack") }],
    ['status', sub { }, sub { slurp("$mount/.skystack/status") && slurp("$mount/.skystack/status.json") && slurp("$mount/.skystack/metrics.prom") && slurp("$mount/.skystack/errors") }],
    ['refetch', \&refresh, sub { stat("$prod/web-1.json") && names($prod) }, 1],
    ['scratch', sub { }, sub { spit("$prod/notes.txt", "text", O_CREAT | O_TRUNC) && slurp("$prod/notes.txt") && unlink("$prod/notes.txt") }],
    ['move', sub { spit("$prod/a.txt", "text", O_CREAT) }, sub { rename("$prod/a.txt", "$prod/b.txt") }],
    ['link', sub { unlink("$prod/link") }, sub { symlink("a.txt", "$prod/link") && defined(readlink("$prod/link")) }],
    ['bad text', sub { unlink("$prod/bad.json.rejected") }, sub { spit("$prod/bad.json", "]", O_CREAT | O_TRUNC); return $!{EINVAL} }],
    ['create', sub { $number++ }, sub { spit("$prod/new-$number.json", "{\"name\":\"new-$number\"}", O_CREAT | O_TRUNC) }, 1],
    ['mkdir', sub { $number++ }, sub { mkdir("$prod/new-$number") }, 1],
    ['update', sub { $number++ }, sub { spit("$prod/web-1.json", "{\"name\":\"web-1\",\"note\":$number}", O_TRUNC) }, 1],
    ['rename', \&find_moved, sub { rename("$prod/$from.json", "$prod/$to.json") }, 1],
    ['delete', sub { spit("$prod/victim.json", "{}", O_CREAT) unless -e "$prod/victim.json" }, sub { unlink("$prod/victim.json") }, 1],
);

sub check {
    my ($name, $before, $run) = @_;
    for my $try (1 .. 50) {
        $before->();
        return if names($prod) && slurp("$prod/web-2.json") && $run->();
        select(undef, undef, undef, 0.05);
    }
    die "$name: it does not succeed any more: $!\n";
}

for (@operations) {
    my ($name, $before, $run, $asks) = @$_;
    my ($failures, %errnos, $at) = (0);
    my $until = time() + $seconds;
    check($name, $before, $run);
    for ($at = 1; time() < $until; $at += 1 + int($at / 20)) {
        $before->();
        arm($at);
        my $good = $run->();
        my $error = $good ? 'ok' : (grep { $!{$_} } keys %!)[0];
        my $count = failed();
        last unless $count;
        $failures += $count;
        $errnos{$error}++;
        die "$name, allocation $at: $error\n" unless $error =~ /^(ok|ENOMEM)$/ || ($asks && $of_libraries{$error});
        names($prod) or die "$name, allocation $at: the mount does not answer any more: $!\n";
    }
    check($name, $before, $run);
    print "$name: $failures of up to $at allocations failed:", (map { " $_=$errnos{$_}" } sort keys %errnos), "\n";
}
