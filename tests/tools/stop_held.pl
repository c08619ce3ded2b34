#!/usr/bin/perl
# stop_held.pl SIGNAL STATUS COMMAND...: starts the command, waits until the mount whose .skystack/status.json is STATUS holds one call
# more for a while, sends the signal, and prints after how many milliseconds the command was gone. Ends with 1 if it is not held within
# 5 s. What the command says goes to standard error.
use strict;
use warnings;
use JSON::PP;
use Time::HiRes qw(sleep time);

my ($signal, $status, @command) = @ARGV;

sub held {
    open(my $file, '<', $status) or die "$status: $!\n";
    local $/;
    return decode_json(<$file>)->{kernel}{parked};
}

my $before = held();
my $child = fork() // die "fork: $!\n";
if (!$child) {
    $SIG{INT} = 'DEFAULT'; # a shell's background ignores it
    open(STDOUT, '>&', \*STDERR);
    exec(@command) or die "$command[0]: $!\n";
}
my ($until, $times) = (time() + 5, 0);
while ($times < 10) {
    sleep(0.005);
    $times = held() > $before ? $times + 1 : 0;
    next if time() < $until;
    kill('KILL', $child);
    die "it is not held\n";
}
my $began = time();
kill($signal, $child);
waitpid($child, 0);
printf "%d\n", (time() - $began) * 1000;
