using System.Globalization;
using UserTcp.Testing.Packetdrill;

namespace UserTcp.Packetdrill.Tests;

/// <summary>
/// Every state meets every kind of segment, at the edges of the window, within it and outside (RFC 9293 §3.10.7,
/// RFC 5961).
/// </summary>
public sealed class StateEventTests
{
    private const int Window = 65_535;

    private const string SynSent = """
        0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
        +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
        +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
        +0 > S 0:0(0) <...>

        """;

    private const string Listening = """
        0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
        +0 bind(3, ..., ...) = 0
        +0 listen(3, 1) = 0

        """;

    private const string HalfOpen = Listening + """
        +0 < S 0:0(0) win 65535 <mss 1460>
        +0 > S. 0:0(0) ack 1 <mss 1460>

        """;

    private const string TimeWait = SynSent + """
        +.1 < S. 0:0(0) ack 1 win 65535 <mss 1460>
        +0 > . 1:1(0) ack 1
        +.1 close(3) = 0
        +0 > F. 1:1(0) ack 1
        +.1 < F. 1:1(0) ack 2 win 65535
        +0 > . 2:2(0) ack 2

        """;

    // What it takes to get there, and SND.NXT and RCV.NXT then.
    private static readonly Dictionary<string, (string Script, int Send, int Receive)> s_states = new()
    {
        ["TCP_ESTABLISHED"] = ("", 1, 1),
        ["TCP_CLOSE_WAIT"] = ("< F. 1:1(0) ack 1 win 65535\n+0 > . 1:1(0) ack 2", 1, 2),
        ["TCP_FIN_WAIT1"] = ("shutdown(3, SHUT_WR) = 0\n+0 > F. 1:1(0) ack 1", 2, 1),
        ["TCP_FIN_WAIT2"] = (
            "shutdown(3, SHUT_WR) = 0\n+0 > F. 1:1(0) ack 1\n+.1 < . 1:1(0) ack 2 win 65535", 2, 1),
        ["TCP_CLOSING"] = ("shutdown(3, SHUT_WR) = 0\n+0 > F. 1:1(0) ack 1\n+.1 < F. 1:1(0) ack 1 win 65535\n"
            + "+0 > . 2:2(0) ack 2", 2, 2),
        ["TCP_LAST_ACK"] = ("< F. 1:1(0) ack 1 win 65535\n+0 > . 1:1(0) ack 2\n+.1 shutdown(3, SHUT_WR) = 0\n"
            + "+0 > F. 1:1(0) ack 2", 2, 2),
    };

    // Flags, SEG.SEQ − RCV.NXT, length, SEG.ACK − SND.NXT if there is one, and what is to come of it. From the last
    // octet of the window on, SEG.SEQ counts from what was promised first.
    private static readonly (string Flags, int At, int Length, int? Ack, string Outcome)[] s_events =
    [
        ("R", 0, 0, null, "closed"),
        ("R.", 0, 0, 0, "closed"),
        ("R", 0, 10, null, "closed"), // RFC 9293 §3.5.3: text in a RST may say why
        ("R", 1, 0, null, "challenged"),
        ("R", Window - 1, 0, null, "challenged"),
        ("R.", Window - 1, 0, 0, "challenged"),
        ("R", Window, 0, null, "dropped"),
        ("R", -1, 0, null, "dropped"),
        ("R.", -1, 0, 0, "dropped"),
        ("S", 0, 0, null, "challenged"),
        ("S", 1000, 0, null, "challenged"),
        ("S", Window - 1, 0, null, "challenged"),
        ("S", Window + 5, 0, null, "challenged"),
        ("S", -1, 0, null, "challenged"),
        ("S.", 0, 0, 0, "challenged"),
        ("SF", 0, 0, null, "challenged"),
        ("F", 0, 0, null, "dropped"), // RFC 9293 §3.10.7.4, fifth: without ACK
        ("-", 0, 0, null, "dropped"),
        ("P", 0, 10, null, "dropped"),
        (".", 0, 0, 1, "challenged"), // RFC 5961 §5.2
        (".", 0, 10, 1000, "challenged"),
        ("F.", 0, 0, 1000, "challenged"),
        (".", 0, 0, -80_000, "challenged"),
        (".", Window + 10, 0, 0, "challenged"),
        (".", Window, 10, 0, "challenged"),
        (".", -10, 10, -1, "challenged"),
        (".", -1, 0, -1, "challenged"), // a keep-alive probe
    ];

    public static TheoryData<string, int> Cases()
    {
        var cases = new TheoryData<string, int>();
        foreach (string state in s_states.Keys)
        {
            for (int i = 0; i < s_events.Length; i++)
            {
                cases.Add(state, i);
            }
        }

        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Synchronized(string state, int index)
    {
        (string reach, int send, int receive) = s_states[state];
        (string flags, int at, int length, int? ack, string outcome) = s_events[index];
        int seq = at >= Window - 1 ? 1 + at : receive + at; // a FIN takes its octet of the window
        string number = ack is null ? "" : string.Create(CultureInfo.InvariantCulture, $"ack {send + ack} ");
        string answer = outcome == "challenged" ? $"+0 > . {send}:{send}(0) ack {receive}\n" : "";
        int sent = outcome == "challenged" ? 1 : 0;
        string after = outcome == "closed" ? "TCP_CLOSE" : state;
        Passes(SynSent + $"""
            +.1 < S. 0:0(0) ack 1 win 65535 <mss 1460>
            +0 > . 1:1(0) ack 1 win 65535
            {(reach.Length > 0 ? "+.1 " : "")}{reach}
            +0 %{"{"} assert tcpi_state == {state}
            before = tcpi_segs_out {"}"}%
            +0 < {flags} {seq}:{seq + length}({length}) {number}win 65535
            {answer}+0 %{"{"} assert tcpi_state == {after} and tcpi_segs_out == before + {sent} {"}"}%
            """);
    }

    [Theory]
    [InlineData("< . 0:0(0) ack 0 win 9", "> R 0:0(0)", true)]
    [InlineData("< . 1:11(10) ack 2 win 9", "> R 2:2(0)", true)]
    [InlineData("< S. 0:0(0) ack 2 win 9", "> R 2:2(0)")]
    [InlineData("< F. 1:1(0) ack 5 win 9", "> R 5:5(0)", true)]
    [InlineData("< R. 0:0(0) ack 2 win 9", "")]
    [InlineData("< R 0:0(0) win 9", "")]
    [InlineData("< R. 0:0(0) ack 0 win 9", "")]
    [InlineData("< F 0:0(0) win 9", "")]
    [InlineData("< - 0:10(10) win 9", "")]
    [InlineData("< . 1:1(0) ack 1 win 9", "")]
    [InlineData("< F. 1:1(0) ack 1 win 9", "")]
    public void In_SYN_SENT_only_SYN_and_an_acceptable_RST_count(
        string segment, string answer, bool isChallenge = false) => Passes(SynSent + $"""
        +.1 {segment}
        {(answer.Length > 0 ? $"+0 {answer}" : "")}
        +0 %{"{"} assert tcpi_state == TCP_SYN_SENT {"}"}%
        {(isChallenge ? "+.01 > S 0:0(0) <...>" : "")}
        +.1 < S. 0:0(0) ack 1 win 65535 <mss 1460>
        +0 > . 1:1(0) ack 1
        """);

    [Theory]
    [InlineData("< R. 0:0(0) ack 1 win 9")]
    [InlineData("< R. 77:87(10) ack 1 win 9")]
    public void A_RST_that_acknowledges_the_SYN_ends_the_attempt(string segment) => Passes(SynSent + $"""
        +.1 {segment}
        +0 getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0
        """);

    [Theory]
    [InlineData("< R 1:1(0) win 9", "", 0)]
    [InlineData("< R. 1:1(0) ack 1 win 9", "", 0)]
    [InlineData("< R. 1:1(0) ack 99 win 9", "", 0)]
    [InlineData("< R 0:0(0) win 9", "", 1)]
    [InlineData("< R 2:2(0) win 9", "> . 1:1(0) ack 1", 1)]
    [InlineData("< R 65535:65535(0) win 9", "> . 1:1(0) ack 1", 1)]
    [InlineData("< R 65536:65536(0) win 9", "", 1)]
    [InlineData("< S 0:0(0) win 9 <mss 1460>", "> S. 0:0(0) ack 1 <mss 1460>", 1)]
    [InlineData("< S 70:70(0) win 9 <mss 1460>", "> . 1:1(0) ack 1", 1)]
    [InlineData("< F 1:1(0) win 9", "", 1)]
    [InlineData("< . 1:1(0) ack 0 win 9", "> R 0:0(0)", 1)]
    [InlineData("< . 1:1(0) ack 2 win 9", "> R 2:2(0)", 1)]
    [InlineData("< . 70000:70000(0) ack 1 win 9", "> . 1:1(0) ack 1", 1)]
    public void In_SYN_RECEIVED(string segment, string answer, int left) => Passes(HalfOpen + $"""
        +.1 {segment}
        {(answer.Length > 0 ? $"+0 {answer}" : "")}
        +0 `sockstat -4 -P tcp -p 8080 -s | grep -c SYN_RCVD | grep {left}`
        {(left > 0 ? "+.1 < . 1:1(0) ack 1 win 9\n+0 accept(3, ..., ...) = 4" : "")}
        """);

    [Theory]
    [InlineData("< . 0:0(0) ack 7 win 9", "> R 7:7(0)")]
    [InlineData("< S. 0:0(0) ack 7 win 9", "> R 7:7(0)")]
    [InlineData("< F. 5:15(10) ack 7 win 9", "> R 7:7(0)")]
    [InlineData("< R 0:0(0) win 9", "")]
    [InlineData("< R. 0:0(0) ack 7 win 9", "")]
    [InlineData("< SR 0:0(0) win 9", "")]
    [InlineData("< F 0:0(0) win 9", "")]
    [InlineData("< - 0:10(10) win 9", "")]
    public void In_LISTEN_only_a_SYN_counts(string segment, string answer) => Passes(Listening + $"""
        +.1 {segment}
        {(answer.Length > 0 ? $"+0 {answer}" : "")}
        +0 `sockstat -4 -P tcp -p 8080 -s | grep -c SYN_RCVD | grep 0`
        +.1 < S 0:0(0) win 9 <mss 1460>
        +0 > S. 0:0(0) ack 1 <mss 1460>
        """);

    [Theory]
    [InlineData("< S 5:5(0) win 9", "> R. 0:0(0)! ack 1")]
    [InlineData("< S 5:15(10) win 9", "> R. 0:0(0)! ack 11")]
    [InlineData("< SF 5:5(0) win 9", "> R. 0:0(0)! ack 2")]
    [InlineData("< F 0:0(0) win 9", "> R. 0:0(0)! ack 1")]
    [InlineData("< - 0:10(10) win 9", "> R. 0:0(0)! ack 10")]
    [InlineData("< . 0:0(0) ack 7 win 9", "> R 7:7(0)!")]
    [InlineData("< S. 5:5(0) ack 7 win 9", "> R 7:7(0)!")]
    public void Where_nobody_listens_all_but_RST_is_reset(string segment, string answer) =>
        Passes($"0 {segment}\n+0 {answer}");

    [Theory]
    [InlineData("< R 3:3(0) win 9", true)]
    [InlineData("< R 1:1(0) win 9", false)]
    [InlineData("< R. 1:1(0) ack 2 win 9", false)]
    [InlineData("< . 2:2(0) ack 2 win 9", false)]
    [InlineData("< F. 1:1(0) ack 2 win 9", true)]
    [InlineData("< . 1:1(0) ack 2 win 9", true)]
    [InlineData("< P. 2:12(10) ack 2 win 9", true)]
    [InlineData("< . 65536:65536(0) ack 2 win 9", true)]
    [InlineData("< . 70000:70000(0) ack 2 win 9", true)]
    [InlineData("< S 1:1(0) win 9", true)]
    [InlineData("< S. 2:2(0) ack 2 win 9", true)]
    public void In_TIME_WAIT_all_but_RST_outside_the_window_is_acknowledged(
        string segment, bool isAnswered) => Passes(TimeWait + $"""
        +.1 {segment}
        {(isAnswered ? "+0 > . 2:2(0) ack 2" : "")}
        +0 `sockstat -4 -P tcp -s | grep -c TIME_WAIT | grep 1`
        +.1 < F. 1:1(0) ack 2 win 65535
        +0 > . 2:2(0) ack 2
        """);

    [Theory]
    [InlineData("< R 2:2(0) win 9")]
    [InlineData("< R. 2:2(0) ack 2 win 9")]
    public void In_TIME_WAIT_a_reset_at_RCV_NXT_ends_it(string segment) => Passes(TimeWait + $"""
        +.1 {segment}
        +0 `sockstat -4 -P tcp -s | grep -c TIME_WAIT | grep 0`
        """);

    private static void Passes(string script)
    {
        foreach (int shards in (int[])[1, 5])
        {
            PacketdrillResult result =
                new PacketdrillScript(script, "script").Run(new PacketdrillOptions { Shards = shards });
            Assert.True(
                result.Outcome == PacketdrillOutcome.Passed,
                $"{result}{Environment.NewLine}{shards} shards{Environment.NewLine}{script}");
        }
    }
}
