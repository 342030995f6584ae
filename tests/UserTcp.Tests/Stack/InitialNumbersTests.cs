using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>
/// A new incarnation begins beyond the last octet of the old one, however fast that sent and however it ended.
/// </summary>
public sealed class InitialNumbersTests
{
    private const ushort OwnPort = 4000;

    private static readonly FlowKey s_flow = new(Packets.Own, OwnPort, Packets.Peer, StackBench.Port);

    [Fact]
    [Rfc("9293 §3.4.1", "MUST-8")]
    public void Number_is_that_of_the_clock_where_the_clock_was_faster()
    {
        var numbers = new InitialNumbers(new SipHash(1, 2));
        SeqNumber first = numbers.Next(s_flow, Packets.Start);
        Instant later = Packets.Start + TimeSpan.FromSeconds(1);
        numbers.OnEnded(s_flow, first + 249_999, later);
        Assert.Equal(first + 250_000, numbers.Next(s_flow, later));
    }

    [Fact]
    [Rfc("9293 §3.4.1")]
    public void Number_lies_beyond_a_probe_of_the_window_that_was_the_last_octet()
    {
        var numbers = new InitialNumbers(new SipHash(1, 2));
        SeqNumber first = numbers.Next(s_flow, Packets.Start);
        numbers.OnEnded(s_flow, first + 5000, Packets.Start);
        Assert.Equal(first + 5001, numbers.Next(s_flow, Packets.Start));
    }

    [Fact]
    public void Numbers_of_many_flows_lie_beyond_what_they_sent()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var numbers = new InitialNumbers(new SipHash((ulong)random.NextInt64(), 7));
            var ends = new Dictionary<ushort, SeqNumber>();
            Instant now = Packets.Start;
            for (int i = 0; i < 1000; i++)
            {
                FlowKey flow = s_flow with { LocalPort = (ushort)random.Next(3000) };
                SeqNumber first = numbers.Next(flow, now);
                Assert.True(!ends.TryGetValue(flow.LocalPort, out SeqNumber old) || first > old, $"seed {seed}, {i}");
                now += TimeSpan.FromMicroseconds(random.Next(1000));
                SeqNumber end = first + 1 + (uint)random.Next(200_000);
                ends[flow.LocalPort] = end;
                numbers.OnEnded(flow, end, now);
            }
        }
    }

    /// <summary>The ends that leave no TIME-WAIT.</summary>
    [Theory]
    [InlineData("abort")]
    [InlineData("reset")]
    [InlineData("last ack")]
    public void A_connection_from_the_same_port_begins_beyond_the_last_one(string end)
    {
        using var bench = new StackBench();
        StackConnection connection = bench.Established(OwnPort);
        bench.Write(connection, 1000);
        bench.Pull();
        uint last = End(bench, connection, end);
        Assert.Equal(TcpState.Closed, connection.Tcb.State);

        bench.Connect(localPort: OwnPort);
        SentFrame syn = Assert.Single(bench.Pull(), frame => frame.Flags == TcpFlags.Syn);
        Assert.True(new SeqNumber(syn.Seq) > new SeqNumber(last), $"{syn.Seq} after {last}");
    }

    /// <summary>A server's side, whether the SYN meets nobody's memory or TIME-WAIT.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void An_answer_to_the_same_port_begins_beyond_the_last_one(bool asksOwner, bool isTimeWait)
    {
        using var bench = new StackBench();
        StackListener listener = bench.Listen();
        uint iss = bench.Handshake();
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
        bench.Write(connection!, 1000);
        bench.Pull();
        uint end = iss + 1001;
        if (isTimeWait)
        {
            bench.Core.OnUserCall(connection!, UserCall.Close, bench.Now);
            bench.Pull();
            bench.Hear(TcpFlags.Ack | TcpFlags.Fin, 1001, ++end);
        }
        else
        {
            bench.Hear(TcpFlags.Rst, 1001);
        }

        bench.Pull();
        Assert.Equal(isTimeWait ? TcpState.TimeWait : TcpState.Closed, connection!.Tcb.State);
        if (asksOwner)
        {
            bench.Core.CloseListener(listener, bench.Now);
            listener = bench.Listen(mode: ListenMode.AnyAddress);
        }

        bench.Hear(TcpFlags.Syn, 100_000);
        if (asksOwner)
        {
            StackRequest request = Assert.Single(bench.Wakeups(), wakeup => wakeup.Kind == WakeupKind.Request).Request;
            Assert.True(bench.Core.AcceptRequest(request, TestNetwork.Settings, bench.Now));
        }

        SentFrame synAck = Assert.Single(bench.Pull());
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, synAck.Flags);
        Assert.True(new SeqNumber(synAck.Seq) > new SeqNumber(end), $"{synAck.Seq} after {end}");
    }

    /// <summary>Ends the connection; the number behind the last octet that was sent.</summary>
    private static uint End(StackBench bench, StackConnection connection, string end)
    {
        switch (end)
        {
            case "abort":
                bench.Core.OnUserCall(connection, UserCall.Abort, bench.Now);
                break;
            case "reset":
                bench.Hear(TcpFlags.Rst, 1001, from: StackBench.Port, to: OwnPort);
                break;
            default:
                Hear(bench, connection, TcpFlags.Ack | TcpFlags.Fin, 1001);
                bench.Core.OnUserCall(connection, UserCall.Close, bench.Now);
                bench.Pull();
                Hear(bench, connection, TcpFlags.Ack, 1002);
                break;
        }

        return connection.Tcb.SendNext.Value;
    }

    private static void Hear(StackBench bench, StackConnection connection, TcpFlags flags, uint seq) =>
        bench.Hear(flags, seq, connection.Tcb.SendNext.Value, from: StackBench.Port, to: OwnPort);
}
