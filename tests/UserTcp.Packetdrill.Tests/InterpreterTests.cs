using UserTcp.Testing.Packetdrill;

namespace UserTcp.Packetdrill.Tests;

/// <summary>What the interpreter understands, and that it finds what is wrong.</summary>
public sealed class InterpreterTests
{
    private const string Handshake = """
        0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
        +0 bind(3, ..., ...) = 0
        +0 listen(3, 1) = 0
        +0 < S 0:0(0) win 65535 <mss 1000,sackOK,nop,nop,nop,wscale 7>
        +0 > S. 0:0(0) ack 1 <mss 1460,nop,wscale 8,sackOK,eol,eol>
        +.1 < . 1:1(0) ack 1 win 1000
        +0 accept(3, ..., ...) = 4

        """;

    private static PacketdrillResult Run(string text, bool isStrict = false) =>
        new PacketdrillScript(text, "script").Run(new PacketdrillOptions { IsStrict = isStrict });

    private static void Passes(string text, bool isStrict = false)
    {
        PacketdrillResult result = Run(text, isStrict);
        Assert.True(result.Outcome == PacketdrillOutcome.Passed, result.ToString());
    }

    private static void Fails(string text, string message, bool isStrict = false)
    {
        PacketdrillResult result = Run(text, isStrict);
        Assert.Equal(PacketdrillOutcome.Failed, result.Outcome);
        Assert.Contains(message, result.ToString(), StringComparison.Ordinal);
    }

    private static void IsUnsupported(string text, string message)
    {
        PacketdrillResult result = Run(text);
        Assert.Equal(PacketdrillOutcome.Unsupported, result.Outcome);
        Assert.Contains(message, result.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("+0 > P. 1:1001(1000) ack 1")]
    [InlineData("+0 > . 1:1001(1000) ack 1")] // PSH is the sender's own affair
    [InlineData("+0 > P. 1:1001(1000) ack 1 win 256")]
    [InlineData("+0 > P. 1:1001(1000) ack 1 win 999")]
    [InlineData("+0 > P. 1:1001(1000) ack 1 <...>")]
    [InlineData("+0~+.1 > P. 1:1001(1000) ack 1")]
    [InlineData("* > P. 1:1001(1000) ack 1")]
    [InlineData("0.1 > P. 1:1001(1000) ack 1")]
    [InlineData("+0 > [noecn] P. 1:1001(1000) ack 1")]
    [InlineData("+0 > [tos 0x0, ttl 64] P. 1:1001(1000) ack 1")]
    [InlineData("+0 > P. 1:1001(1000) ack 1 // a comment\n/* another */ # and one more")]
    [InlineData("+.003 > P. 1:1001(1000) ack 1")]
    public void A_packet_that_is_described_passes(string line) =>
        Passes(Handshake + "+0 write(4, ..., 1000) = 1000\n" + line);

    [Theory]
    [InlineData("+0 > P. 1:1001(1000) ack 2", "the acknowledgment number differs")]
    [InlineData("+0 > P. 2:1002(1000) ack 1", "the sequence number differs")]
    [InlineData("+0 > P. 1:901(900) ack 1", "the length differs")]
    [InlineData("+0 > P. 1:1101(1100) ack 1", "the length differs")]
    [InlineData("+0 > FP. 1:1001(1000) ack 1", "the flags differs")]
    [InlineData("+0 > P. 1:1001(1000) ack 1 win 0", "the window differs")]
    [InlineData("+0 > P. 1:1001(1000) ack 1 <nop,nop,TS val 1 ecr 1>", "the options differs")]
    [InlineData("+0 > [ect0] P. 1:1001(1000) ack 1", "the ECN bits differs")]
    [InlineData("+0 > [ttl 63] P. 1:1001(1000) ack 1", "the time to live differs")]
    [InlineData("+.05 > P. 1:1001(1000) ack 1", "the time differs")]
    [InlineData("+0 > P. 1:1001(1000) ack 1 urg 7", "the urgent pointer differs")]
    [InlineData("+0 > P. 1:1001(1000) ack 1\n+.1 > . 1001:2001(1000) ack 1", "nothing was sent")]
    public void A_packet_that_is_another_fails(string line, string message) =>
        Fails(Handshake + "+0 write(4, ..., 1000) = 1000\n" + line, message);

    [Theory]
    [InlineData("+0 > . 1:1001(1000) ack 1", "the flags differs")]
    [InlineData("+0 > P. 1:1001(1000) ack 1 win 999", "the window differs")]
    public void Strictly_more_has_to_be_the_same(string line, string message) =>
        Fails(Handshake + "+0 write(4, ..., 1000) = 1000\n" + line, message, isStrict: true);

    [Fact]
    public void Options_are_compared_in_their_order_only_if_strict()
    {
        string script = Handshake.Replace(
            "<mss 1460,nop,wscale 8,sackOK,eol,eol>", "<mss 1460,sackOK,wscale 6>", StringComparison.Ordinal);
        Passes(script);
        Fails(script, "the options differs", isStrict: true);
    }

    [Theory]
    [InlineData("+0 read(4, ..., 10) = 5", "read(): it blocks")]
    [InlineData("+0 write(4, ..., 1000) = 999", "write(): expected 999, but it returned 1000")]
    [InlineData("+0 write(9, ..., 1000) = 1000", "but it returned -1 EBADF")]
    [InlineData("+0 write(9, ..., 1000) = -1 EPIPE (Broken pipe)", "expected -1 EPIPE, but it returned -1 EBADF")]
    [InlineData("+0...0.2 read(4, ..., 10) = 5\n+.1 < P. 1:6(5) ack 1 win 1000", "not at 0.300000 s")]
    [InlineData("+0 getsockopt(4, SOL_SOCKET, SO_ERROR, [ECONNRESET], [4]) = 0", "the error of the socket is 0")]
    [InlineData("+0 %{ assert tcpi_snd_cwnd == 11 }%", "tcpi_snd_cwnd is 10")]
    [InlineData("+0 %{ assert tcpi_snd_cwnd == 10\nassert tcpi_unacked > 0, 'why' }%", "tcpi_unacked is 0")]
    [InlineData("+0 ioctl(4, SIOCINQ, [7]) = 0", "expected 7, but it is 0")]
    public void A_call_that_returns_something_else_fails(string line, string message) =>
        Fails(Handshake + line, message);

    [Theory]
    [InlineData("+0...0.1 read(4, ..., 10) = 5\n+.1 < P. 1:6(5) ack 1 win 1000")]
    [InlineData("+0 write(9, ..., 1000) = -1 EBADF (Bad file descriptor)")]
    [InlineData("+0 fcntl(4, F_GETFL) = 0x2 (flags O_RDWR)\n+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"
        + "+0 read(4, ..., 10) = -1 EWOULDBLOCK (Resource temporarily unavailable)")]
    [InlineData("+0 writev(4, [{..., 100}, {..., 200}], 2) = 300\n+0 > P. 1:301(300) ack 1")]
    [InlineData("+0 %{ x = tcpi_snd_cwnd * 2\nassert x == 20 and 1 < tcpi_snd_cwnd <= 10 or 0\nassert not x & 1 }%")]
    [InlineData("+0 `sysctl -q net.ipv4.tcp_slow_start_after_idle=0`")]
    public void A_call_that_does_as_it_should_passes(string line) => Passes(Handshake + line);

    [Theory]
    [InlineData("--ip_version=ipv6\n", "IPv6")]
    [InlineData("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3", "other than of TCP")]
    [InlineData("0 pipe([5, 6]) = 0", "pipe")]
    [InlineData("0 `rm -rf /`", "rm")]
    [InlineData("0 `sysctl -q net.ipv4.tcp_made_up=1`", "tcp_made_up")]
    [InlineData("0 < udp (100)", "udp")]
    [InlineData("0 < S 0:0(0) win 1 <FO abcd>", "FO")]
    [InlineData("0 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3", "IPv6")]
    public void What_is_not_supported_is_said_and_never_passes(string text, string message) =>
        IsUnsupported(text, message);

    [Theory]
    [InlineData("0 < S 0:5(0) win 1", ":1:", "are not 0 octets")]
    [InlineData("\n\n0 < Q 0:0(0) win 1", ":3:", "no flags of TCP")]
    [InlineData("0 socket(..., SOCK_STREAM", ":1:", "expected")]
    [InlineData("hello", ":1:", "expected a time")]
    [InlineData("0 `sysctl", ":1:", "is missing")]
    public void What_cannot_be_read_fails_with_its_line(string text, string line, string message)
    {
        Fails(text, message);
        Fails(text, line);
    }

    [Fact]
    public void A_failure_tells_what_was_expected_and_what_came() => Fails(
        Handshake + "+0 write(4, ..., 10) = 10\n+0 > P. 1:12(11) ack 1",
        """
        script:9: failed at 0.104 s: the length differs
            expected: +0 > P. 1:12(11) ack 1
            came:     0.100000 > P. 1:11(10) ack 1 win 256
        """);

    [Fact]
    public void Segments_are_joined_up_to_the_length_of_the_script()
    {
        const string five = "+0 write(4, ..., 5000) = 5000\n";
        Passes(Handshake + five + "+0 > . 1:2001(2000) ack 1\n+0 > P. 2001:5001(3000) ack 1");
        Fails("--strict_segments\n" + Handshake + five + "+0 > P. 1:5001(5000) ack 1", "the length differs");
    }

    [Fact]
    public void An_ack_may_be_delayed_or_not()
    {
        const string text = "+.2 < P. 1:101(100) ack 1 win 1000\n";
        Passes(Handshake + text + "+0 > . 1:1(0) ack 101");
        Passes(Handshake + text + "+.04 > . 1:1(0) ack 101");
        Fails(Handshake + text + "+.04 > . 1:1(0) ack 101", "the time differs", isStrict: true);
    }

    [Fact]
    public void Numbers_of_a_SYN_are_free()
    {
        string script = Handshake.Replace("< S 0:0(0)", "< S 7000:7000(0)", StringComparison.Ordinal)
            .Replace("> S. 0:0(0) ack 1", "> S. 123:123(0) ack 7001", StringComparison.Ordinal);
        Passes(script + "+0 < P. 1:11(10) ack 1 win 1000\n+0 > . 1:1(0) ack 11");
    }

    [Fact]
    public void The_system_is_told_by_the_words_of_the_script()
    {
        Assert.Equal(PacketdrillProfile.FreeBsd, Run("0 `sysctl -w net.inet.tcp.sack.enable=1`").Profile);
        Assert.Equal(PacketdrillProfile.Linux, Run("0 `sysctl -q net.ipv4.tcp_sack=1`").Profile);
    }

    [Fact]
    public void Sections_for_one_system_are_read_for_that_system()
    {
        const string text = "#ifdef STANDARD\n0 close(3) = 0\n#else\n0 close(3) = -1 EBADF (Bad)\n#endif";
        Passes(text);
        Passes(text, isStrict: true);
        Fails(text.Replace("EBADF", "EPIPE", StringComparison.Ordinal), "close()");
        Passes("#ifdef STANDARD\n0 close(3) = 0\n#endif", isStrict: true);
        Fails("#ifdef Linux\n0 close(3) = 0\n#endif", "close()", isStrict: true);
    }

    [Fact]
    public void Packets_of_the_same_time_come_one_by_one_or_in_a_batch_if_the_script_wants_it()
    {
        const string text = """
            +.1 < . 1:1001(1000) ack 1 win 1000
            +0 < . 1001:2001(1000) ack 1 win 1000

            """;
        const string oneAck = "+0 > . 1:1(0) ack 2001\n";
        const string twoAcks = "+0 > . 1:1(0) ack 1001\n+0 > . 1:1(0) ack 2001\n";
        Passes(Handshake + text + twoAcks, isStrict: true);
        Fails(Handshake + text + oneAck, "the acknowledgment number differs", isStrict: true);
        Passes("--batches\n" + Handshake + text + oneAck, isStrict: true);
        Fails("--batches\n" + Handshake + text + twoAcks, "the acknowledgment number differs", isStrict: true);
    }

    [Fact]
    public void A_batch_ends_where_time_passes_or_anything_else_happens() => Passes("--batches\n" + Handshake + """
        +.1 < . 1:1001(1000) ack 1 win 1000
        +.001 < . 1001:2001(1000) ack 1 win 1000
        +0 > . 1:1(0) ack 1001
        +0 > . 1:1(0) ack 2001
        +0 < . 2001:3001(1000) ack 1 win 1000
        +0 read(4, ..., 1000) = 1000
        +0 < . 3001:4001(1000) ack 1 win 1000
        +0 > . 1:1(0) ack 3001
        +0 > . 1:1(0) ack 4001
        """);
}
