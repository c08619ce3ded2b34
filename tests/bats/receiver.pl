# A receiver of webhooks: keeps each request it is sent as N.head and N.body in DIR, in the order in which they are complete.
#
#   perl receiver.pl DIR
#
# Its port is in DIR/port. DIR/answers has a word for each request, the last for all further ones too: a status, or `hang` for
# silence, or `close`.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my $dir = shift;
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 64) or die "$!\n";
my $select = IO::Select->new($server);
my $count = 0;

# It is there once it is complete.
sub keep {
    my ($name, $text) = @_;
    open my $file, '>:raw', "$dir/new" or die "$!\n";
    print $file $text;
    close $file;
    rename "$dir/new", "$dir/$name";
}

sub answer {
    open my $file, '<', "$dir/answers" or return 200;
    my @words = split ' ', join ' ', <$file>;
    return $words[$count] // $words[-1] // 200;
}

# False: nothing more is said on this connection.
sub take {
    my $socket = shift;
    my ($head, $body) = ('', '');
    while (defined(my $line = <$socket>)) {
        last if $line eq "\r\n";
        $head .= $line;
    }
    my ($length) = $head =~ /^Content-Length: (\d+)/mi or return 0;
    read($socket, $body, $length) == $length or return 0;
    my $word = answer();
    $count++;
    keep("$count.head", $head);
    keep("$count.body", $body);
    return $word eq 'hang' if $word !~ /^\d+$/;
    print $socket "HTTP/1.1 $word Told\r\nContent-Length: 2\r\n\r\nok";
    return 1;
}

$SIG{PIPE} = 'IGNORE';
keep('port', $server->sockport);
while (my @ready = $select->can_read) {
    for my $socket (@ready) {
        if ($socket == $server) {
            my $client = $server->accept or next;
            $client->autoflush(1);
            $select->add($client);
        } elsif (!take($socket)) {
            $select->remove($socket);
            close $socket;
        }
    }
}
