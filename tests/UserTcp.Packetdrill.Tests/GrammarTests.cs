using UserTcp.Testing.Packetdrill;

namespace UserTcp.Packetdrill.Tests;

/// <summary>The forms of the language: each is read, does what it means, and is refused when it is spoilt.</summary>
public sealed class GrammarTests
{
    private const string Listening = """
        0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
        +0 bind(3, ..., ...) = 0
        +0 listen(3, 1) = 0

        """;

    private const string Established = Listening + """
        +0 < S 0:0(0) win 65535 <mss 1000,sackOK,nop,nop,nop,wscale 7>
        +0 > S. 0:0(0) ack 1 <...>
        +.1 < . 1:1(0) ack 1 win 1000
        +0 accept(3, ..., ...) = 4

        """;

    private static PacketdrillResult Run(string text) => new PacketdrillScript(text, "script").Run();

    private static void Passes(string text)
    {
        PacketdrillResult result = Run(text);
        Assert.True(result.Outcome == PacketdrillOutcome.Passed, result.ToString());
    }

    private static void Ends(string text, PacketdrillOutcome outcome, string message)
    {
        PacketdrillResult result = Run(text);
        Assert.True(result.Outcome == outcome, result.ToString());
        Assert.Contains(message, result.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.1 write(4, ..., 10) = 10\n0.1 > P. 1:11(10) ack 1")]
    [InlineData(".1 write(4, ..., 10) = 10\n.1 > P. 1:11(10) ack 1")]
    [InlineData("0.100~0.200 > . 1:1(0) ack 101 <...>", "0.1 < . 1:101(100) ack 1 win 9")]
    [InlineData("+0~+.1 > . 1:1(0) ack 101", "+0 < . 1:101(100) ack 1 win 9")]
    [InlineData("+ 0.0 write(4, ..., 10) = 10\n* > P. 1:11(10) ack 1")]
    [InlineData("+0...0.3 read(4, ..., 10) = 10", "", "+.3 < . 1:11(10) ack 1 win 9")]
    [InlineData("0.1...0.4 read(4, ..., 10) = 10", "", "0.4 < . 1:11(10) ack 1 win 9")]
    public void Times(string line, string before = "", string after = "") =>
        Passes(Established + before + "\n" + line + "\n" + after);

    [Theory]
    [InlineData("+.2~+.1 > . 1:1(0) ack 1", "before its beginning")]
    [InlineData("+.2...0.1 read(4, ..., 1) = 1", "before its beginning")]
    [InlineData("* read(4, ..., 1) = 1", "only a packet that is sent")]
    [InlineData("+0~+.1 < . 1:1(0) ack 1 win 5", "only a packet that is sent")]
    [InlineData("-1 read(4, ..., 1) = 1", "a time")]
    [InlineData("+0 < . 1:1(0) ack 1 win 65536", "not in the range")]
    [InlineData("+0 < . 1:1(0) ack 4294967296 win 5", "more than 32 bits")]
    [InlineData("+0 < . 1:1(0) ack 1 win 5 <mss 70000>", "not in the range")]
    [InlineData("+0 < . 1:1(0) ack 1 win 5 <sack 1>", "expected ':'")]
    [InlineData("+0 < . 1:1(0) ack 1 win 5 <nop nop>", "expected ','")]
    [InlineData("+0 < . 1:2(0) ack 1 win 5", "are not 0 octets")]
    [InlineData("+0 < [ect0 . 1:1(0) ack 1 win 5", "']'")]
    [InlineData("+0 < icmp unreachable code_256", "not in the range")]
    [InlineData("+0 read(4, ..., 1 = 1", "','")]
    [InlineData("+0 write(4, \"abc, 3) = 3", "'\"' is missing")]
    [InlineData("+0 `true", "'`' is missing")]
    [InlineData("+0 %{ assert 1", "'}%' is missing")]
    [InlineData("--define=X\n0 close(4) = 0", "NAME=VALUE")]
    public void What_is_spoilt_is_refused(string line, string message)
    {
        Ends(Established + line, PacketdrillOutcome.Failed, "the script cannot be read: ");
        Ends(Established + line, PacketdrillOutcome.Failed, message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("// nothing\n/* at\nall */")]
    [InlineData("--tolerance_usecs=1000")]
    public void Nothing_is_no_script(string text) => Ends(text, PacketdrillOutcome.Failed, "there is nothing in it");

    [Theory]
    [InlineData("< [ect0] . 1:101(100) ack 1 win 5", "> [noecn] . 1:1(0) ack 101")]
    [InlineData("<[noecn] . 1:101(100) ack 1 win 5", ">[noecn] . 1:1(0) ack 101")]
    [InlineData("< (tos 0x20) P. 1:101(100) ack 1 win 5", "> (tos 0x0) . 1:1(0) ack 101")]
    [InlineData("< [ttl 3] P. 1:101(100) ack 1 win 5", "> (ttl 64) . 1:1(0) ack 101")]
    [InlineData("< (tos 0x2, ttl 3) P. 1:101(100) ack 1 win 5", "> [tos 0x0, ttl 64] . 1:1(0) ack 101 <...>")]
    [InlineData("< P. 1:101(100) ack 1 win 5 <nop, nop, nop, eol>", "> . ...(0) ack 101 win ...")]
    [InlineData("< P. 268435457:268435557(100)! ack 1 win 5", "> . 1:1(0) ack 268435557!")]
    [InlineData("< U. 1:101(100) ack 1 win 5 urg 100", "> . 1:1(0) ack ...")]
    [InlineData("< PU. 1:101(100) ack 1 urg 100", "> . 1:1(0) ack 101")]
    [InlineData("< P. 1:101(100) ack 1 // no window", "> . 1:1(0) ack 101 /* none */ win 256")]
    public void Packets(string inbound, string outbound) =>
        Passes(Established + $"+.1 {inbound}\n+0 {outbound}");

    [Fact]
    public void Ports_tell_several_connections_apart() => Passes(Listening + """
        +0 < 5001 > 8080 S 0:0(0) win 65535 <mss 1000>
        +0 < 5002 > 8080 S 700:700(0) win 65535 <mss 900>
        +0 > 8080 > 5001 S. 0:0(0) ack 1 <mss 1460>
        +0 > 8080 > 5002 S. 0:0(0) ack 701 <mss 1460>
        +.1 < 5002 > 8080 . 1:1(0) ack 1 win 1000
        +0 accept(3, ..., ...) = 4
        +0 < 5001 > 8080 . 1:1(0) ack 1 win 1000
        +0 accept(3, ..., ...) = 5
        +0 write(5, ..., 50) = 50
        +0 write(4, ..., 60) = 60
        +0 > 8080 > 5002 P. 1:61(60) ack 1
        +0 > 8080 > 5001 P. 1:51(50) ack 1
        """);

    [Theory]
    [InlineData("icmp unreachable")]
    [InlineData("icmp unreachable port_unreachable")]
    [InlineData("[tos 0x20] icmp unreachable code_200 [1:1001(1000)]")]
    [InlineData("icmp unreachable frag_needed mtu 1300 [1:1001(1000)]")]
    [InlineData("icmp unreachable frag_needed [1:1001(1000)] mtu 1300")]
    [InlineData("icmp time_exceeded ttl_exceeded_in_transit [4294967295:4294967295(0)]")]
    [InlineData("icmp time_exceeded frag_reass_exceeded")]
    [InlineData("icmp parameter_problem code_1 [1:1(0)!]")]
    [InlineData("icmp redirect code_1")]
    [InlineData("icmp source_quench [1:1(0)]")]
    [InlineData("icmp echo_reply id 8")]
    [InlineData("icmp router_advertisement")]
    [InlineData("icmp address_mask_request")]
    [InlineData("icmp type_255 code_255")]
    public void Icmp(string message) => Passes(Established
        + "+0 write(4, ..., 1000) = 1000\n+0 > P. 1:1001(1000) ack 1\n"
        + $"+0 < {message}\n+.1 < . 1:1(0) ack 1001 win 1000\n+0 write(4, ..., 10) = 10\n+0 > P. 1001:1011(10) ack 1");

    [Theory]
    [InlineData("+0 write(4, \"a \\\"quoted\\\" text\" \" and more\"..., 10) = 10")]
    [InlineData("+0 sendto(4, ..., 0x0a, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0) = 10 (a note)")]
    [InlineData("+0 sendmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 10}], msg_control=[], msg_flags=0}, 0) = 10")]
    [InlineData("+0 writev(4, [{iov_base=..., iov_len=4}, {..., 6}], 2) = 10")]
    [InlineData("+0 setsockopt(4, SOL_SOCKET, SO_LINGER, {onoff=1, linger=5}, 8) = 0\n+0 write(4, ..., 10) = 10")]
    [InlineData("+0 setsockopt(4, SOL_SOCKET, SO_LINGER, [{onoff=0, linger=0}], 8) = 0\n+0 write(4, ..., 10) = 10")]
    [InlineData("+0 poll([{fd=4, events=POLLIN|POLLOUT, revents=POLLOUT}], 1, 0) = 1\n+0 write(4, ..., 10) = 10")]
    [InlineData("+0 poll([{fd=4,events=POLLOUT}, {fd=3,events=POLLIN}], 2, 0) = 1\n+0 write(4, ..., 10) = 10")]
    [InlineData("+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n+0 fcntl(4, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)\n"
        + "+0 write(4, ..., 10) = 10")]
    [InlineData("+0 getsockopt(4, SOL_TCP, TCP_MAXSEG, [1000], [4]) = 0\n+0 write(4, ..., 10) = 10")]
    [InlineData("+0 recv(4, ..., 5, MSG_PEEK | MSG_DONTWAIT) = -1 EAGAIN (no text)\n+0 write(4, ..., 10) = 10")]
    public void Calls(string lines) => Passes(Established + lines + "\n+0 > P. 1:11(10) ack 1");

    [Theory]
    [InlineData("read(4, ..., -5) = -1 EINVAL (Invalid argument)")]
    [InlineData("write(4, ..., -5) = -1 EINVAL (Invalid argument)")]
    [InlineData("setsockopt(4, SOL_TCP, TCP_KEEPIDLE, [9000000000000000000], 4) = 0")]
    [InlineData("setsockopt(4, SOL_TCP, TCP_KEEPIDLE, [-1], 4) = -1 EINVAL (Invalid argument)")]
    [InlineData("setsockopt(3, SOL_TCP, TCP_MAXSEG, [0], 4) = -1 EINVAL (Invalid argument)")]
    [InlineData("setsockopt(4, IPPROTO_IP, IP_TTL, [256], 4) = -1 EINVAL (Invalid argument)")]
    [InlineData("poll([{fd=4, events=POLLOUT, revents=POLLOUT}], 1, 9000000000000000000) = 1")]
    [InlineData("fcntl(4, 99) = -1 EINVAL (Invalid argument)")]
    [InlineData("shutdown(4, 7) = -1 EINVAL (Invalid argument)")]
    [InlineData("epoll_wait(9, {events=0, ptr=0}, 1, 0) = -1 EBADF (Bad file descriptor)")]
    public void Numbers_out_of_range(string call) => Passes(Established + "+0 " + call);

    [Fact]
    public void Addresses_may_be_given() => Passes("""
        0 socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP) = 3
        +0 bind(3, {sa_family = AF_INET, sin_port = htons(0), sin_addr = inet_addr("192.168.0.1")}, ...) = 0
        +0 connect(3, {sa_family = AF_INET, sin_port = htons(8080), sin_addr = inet_addr("192.0.2.1")}, ...)
            = -1 EINPROGRESS (Operation now in progress)
        +0 > S 0:0(0) <...>
        """);

    [Fact]
    public void Words_may_be_defined() => Passes("""
        --define=PROTOCOL=IPPROTO_TCP --define=BYTES=0x0a
        --define=PREPARE=`sysctl -q net.ipv4.tcp_sack=0`
        --define=CONTROL="reno"
        --tolerance_usecs=5000
        0 PREPARE
        0 socket(..., SOCK_STREAM, PROTOCOL) = 3
        +0 setsockopt(3, SOL_TCP, TCP_CONGESTION, CONTROL, 4) = 0
        +0 bind(3, ..., ...) = 0
        +0 listen(3, 1) = 0
        +0 < S 0:0(0) win 65535 <mss 1000,sackOK>
        +0 > S. 0:0(0) ack 1 <mss 1460>
        +.1 < . 1:1(0) ack 1 win 1000
        +0 accept(3, ..., ...) = 4
        +0 write(4, ..., BYTES) = BYTES
        +0 > P. 1:11(10) ack 1
        """);

    [Theory]
    [InlineData("tcpi_snd_cwnd == 10 and tcpi_state == TCP_ESTABLISHED, 'text; # and (more'")]
    [InlineData("(tcpi_options & TCPI_OPT_SACK) != 0 and tcpi_options & ~2 == 4 or False")]
    [InlineData("9.5 < tcpi_snd_cwnd <= 1e1")]
    [InlineData("tcpi_snd_cwnd / 4 == 2.5 and tcpi_snd_cwnd % 4 == 2 and -tcpi_snd_cwnd < 0")]
    [InlineData("1 << 3 == 8 and 8 >> 1 == 4 and 6 ^ 3 == 5 and not 0 and not not 1")]
    [InlineData("abs(tcpi_snd_cwnd - 12) <= 2 and max(1, tcpi_snd_cwnd) == 10 and int(2.7) == 2")]
    [InlineData("tcpi_snd_cwnd == 10, \\\n    'a message on the next line'")]
    [InlineData("(tcpi_snd_cwnd ==\n    10)")]
    [InlineData("tcpi_reordering == 3 and tcpi_reord_seen == 0 and tcpi_unacked == 0")]
    public void Assertions(string condition)
    {
        Passes(Established + $"+0 %{{ x = 7 ; print('x'); assert {condition} }}%");
        string opposite = condition.Split(',')[0] is var first && !condition.Contains("max(", StringComparison.Ordinal)
            ? $"not ({first})"
            : "tcpi_snd_cwnd == 11";
        Ends(Established + $"+0 %{{ assert {opposite} }}%", PacketdrillOutcome.Failed, "does not hold");
    }

    [Theory]
    [InlineData("import os")]
    [InlineData("assert tcpi_made_up == 1")]
    [InlineData("assert open('x')")]
    [InlineData("assert 1 / 0")]
    [InlineData("for i in range(3): pass")]
    public void What_is_no_assertion_is_not_supported(string code) =>
        Ends(Established + $"+0 %{{ {code} }}%", PacketdrillOutcome.Unsupported, "not supported");

    [Theory]
    [InlineData("sysctl -q net.ipv4.tcp_sack=0 > /dev/null 2>&1")]
    [InlineData("../../common/defaults.sh\n../../common/set_sysctls.py /proc/sys/net/ipv4/tcp_sack=0 \\\n"
        + "  /proc/sys/net/ipv4/tcp_timestamps=0")]
    [InlineData("echo 0 > /proc/sys/net/ipv4/tcp_sack")]
    [InlineData("true && sysctl -w net.ipv4.tcp_sack=0; sleep 0.1 # a comment")]
    [InlineData("sysctl -w net.ipv4.tcp_rmem=\"4096 87380 15728640\" net.ipv4.tcp_sack=0")]
    public void Commands_are_understood_by_their_words(string command) => Passes($"`{command}`\n" + Listening + """
        +0 < S 0:0(0) win 65535 <mss 1000,sackOK>
        +0 > S. 0:0(0) ack 1 <mss 1460>
        """);

    [Theory]
    [InlineData("ip route change 192.0.2.2 via 192.168.0.2 dev tun0 advmss 1400", 1400)]
    [InlineData("ip route replace 192.0.2.2 dev tun0 mtu lock 1300", 1260)]
    [InlineData("ip link set dev tun0 mtu 1280", 1240)]
    [InlineData("ifconfig tun0 mtu 900", 860)]
    [InlineData("tc qdisc replace dev tun0 root fq", 1460)]
    [InlineData("ethtool -K tun0 tso off gso off", 1460)]
    public void Sizes_are_set_by_commands(string command, int segmentSize) => Passes($"`{command}`\n" + Listening + $"""
        +0 < S 0:0(0) win 65535 <mss 5000>
        +0 > S. 0:0(0) ack 1 <mss {segmentSize}>
        """);

    [Theory]
    [InlineData("tc qdisc add dev tun0 root pfifo limit 0")]
    [InlineData("ip route show")]
    [InlineData("ip -6 route change x mtu 1280")]
    [InlineData("false || true")]
    [InlineData("sysctl -w net.inet.tcp.icmp_may_rst=0")]
    [InlineData("nstat | grep TcpExtMadeUp")]
    [InlineData("sockstat -4 | wc -l")]
    public void Other_commands_are_not_supported(string command) =>
        Ends($"0 `{command}`", PacketdrillOutcome.Unsupported, "not supported");

    [Fact]
    public void Counters_and_states_are_asserted()
    {
        Passes(Established + "+0 `nstat > /dev/null`\n+0 < icmp unreachable host_unreachable [9:9(0)]\n"
            + "+0 `nstat | grep TcpExtOutOfWindowIcmps > /dev/null`");
        Ends(Established + "+0 `nstat | grep TcpExtOutOfWindowIcmps`", PacketdrillOutcome.Failed, "is 0");
        Ends(Established + "+0 `sockstat -4 -P tcp -s | grep -c ESTABLISHED | grep 2`", PacketdrillOutcome.Failed,
            "2 connections in ESTABLISHED expected, there are 1");
    }

    [Theory]
    [InlineData("--ip_version=ipv6\n0 < S 0:0(0) win 1 <FO 12>", PacketdrillCategory.Ipv6)]
    [InlineData("--local_ip=fd3d::1", PacketdrillCategory.Ipv6)]
    [InlineData("0 < S 0:0(0) win 1 <mss 1460,FO 12ab>", PacketdrillCategory.FastOpen)]
    [InlineData("0 setsockopt(3, SOL_TCP, TCP_FASTOPEN, [5], 4) = 0", PacketdrillCategory.FastOpen)]
    [InlineData("--udp_encapsulation=tcp", PacketdrillCategory.UdpEncapsulation)]
    [InlineData("`sysctl -w net.ipv4.tcp_ecn=3`", PacketdrillCategory.AccurateEcn)]
    [InlineData("`sysctl -w net.inet.tcp.insecure_rst=1`", PacketdrillCategory.Unprotected)]
    [InlineData("0 close(3) = 0 // fastopen, --ip_version=ipv6", PacketdrillCategory.Plain)]
    public void The_category_is_told_by_the_words(string text, PacketdrillCategory category)
    {
        Assert.Equal(category, new PacketdrillScript(text, "script").Category);
        Assert.Equal(category, Run(text).Category);
    }
}
