using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>ECN on the wire: the field of the IP header, and CWR in super-segments.</summary>
public sealed class StackEcnTests : IDisposable
{
    private static readonly TcpConfig s_active = TestNetwork.Settings with { Ecn = UserTcpEcnMode.Active };
    private readonly StackBench _bench = new();

    public void Dispose() => _bench.Dispose();

    private static EcnCodepoint EcnOf(byte[] frame) => (EcnCodepoint)(frame[15] & 3);

    private static byte[] Packet(TcpFlags flags, uint seq, uint ack, byte[]? text, EcnCodepoint ecn)
    {
        byte[] packet = Packets.Ipv4(Packets.Peer, Packets.Own, StackBench.Segment(flags, seq, ack, text));
        packet[1] = (byte)ecn;
        return Packets.Resum(packet);
    }

    private StackConnection Accepted(UserTcpEcnMode mode, byte trafficClass = 0)
    {
        StackListener listener = _bench.Listen(
            config: new TcpConfig { Timestamps = false, Ecn = mode, Live = new() { TrafficClass = trafficClass } });
        _bench.Hear(TcpFlags.Syn | TcpFlags.Ece | TcpFlags.Cwr, 1000);
        SentFrame synAck = Assert.Single(_bench.Pull());
        TcpFlags agreed = mode == UserTcpEcnMode.Disabled ? TcpFlags.None : TcpFlags.Ece;
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack | agreed, synAck.Flags);
        Assert.Equal(EcnCodepoint.NotEct, EcnOf(synAck.Bytes)); // RFC 3168 §6.1.1
        _bench.Hear(TcpFlags.Ack, 1001, synAck.Seq + 1);
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? connection));
        return connection!;
    }

    [Theory, Rfc("3168 §6.1.1", "R3168-9")]
    [InlineData(UserTcpEcnMode.Disabled)]
    [InlineData(UserTcpEcnMode.Passive)]
    [InlineData(UserTcpEcnMode.Active)]
    public void A_SYN_that_asks_for_ECN_is_never_reset_nor_dropped(UserTcpEcnMode mode)
    {
        StackConnection connection = Accepted(mode);
        Assert.Equal(TcpState.Established, connection.Tcb.State);
        Assert.Equal(0, _bench.Core.Counters.ResetsSent);
    }

    [Fact, Rfc("3168 §6.1.2"), Rfc("3168 §6.1.5", "R3168-17")]
    [Rfc("3168 §5", "R3168-1")]
    [Rfc("8311 §4.2", "R8311-2")]
    [Rfc("8311 §4.3", "R8311-3")]
    public void Text_carries_ECT0_beside_the_traffic_class_and_its_retransmission_does_not()
    {
        StackConnection connection = Accepted(UserTcpEcnMode.Passive, trafficClass: 0xb8);
        _bench.Write(connection, 100);
        Assert.Equal(0xba, Assert.Single(_bench.Pull()).Bytes[15]);
        _bench.Advance(1.1);
        Assert.Equal(0xb8, Assert.Single(_bench.Pull()).Bytes[15]);
    }

    [Fact, Rfc("3168 §6.1.3")]
    public void The_mark_of_a_packet_reaches_the_connection()
    {
        StackConnection connection = Accepted(UserTcpEcnMode.Passive);
        _bench.HearPacket(Packet(TcpFlags.Ack, 1001, Iss(connection) + 1, [1], EcnCodepoint.Ce));
        Assert.Equal(TcpFlags.Ack | TcpFlags.Ece, Assert.Single(_bench.Pull()).Flags);
        Assert.Equal(1, connection.Tcb.Describe(_bench.Now).CeMarksReceived);
    }

    [Fact, Rfc("3168 §6.1.3")]
    public void A_coalesced_frame_counts_for_the_segments_it_was_made_of()
    {
        StackConnection connection = Accepted(UserTcpEcnMode.Passive);
        byte[] packet = Packet(TcpFlags.Ack, 1001, Iss(connection) + 1, new byte[1000], EcnCodepoint.Ce);
        _bench.Hear(
            Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, packet),
            new FrameOffload
            {
                Flags = FrameOffloadFlags.DataValid, Segmentation = SegmentationOffload.TcpV4, SegmentSize = 250,
            });
        Assert.Equal(4, connection.Tcb.Describe(_bench.Now).CeMarksReceived);
    }

    [Fact, Rfc("3168 §5.3")]
    public void The_mark_of_a_fragment_reaches_the_connection()
    {
        StackConnection connection = Accepted(UserTcpEcnMode.Passive);
        byte[] segment = StackBench.Segment(TcpFlags.Ack, 1001, Iss(connection) + 1, new byte[44]);
        byte[] first = Packets.Ipv4(Packets.Peer, Packets.Own, segment[..32], id: 7, fragment: 0x2000);
        byte[] second = Packets.Ipv4(Packets.Peer, Packets.Own, segment[32..], id: 7, fragment: 4);
        (first[1], second[1]) = ((byte)EcnCodepoint.Ect0, (byte)EcnCodepoint.Ce);
        _bench.HearPacket(Packets.Resum(first));
        _bench.HearPacket(Packets.Resum(second));
        Assert.Equal(44, connection.Receive.Unconsumed);
        Assert.Equal(1, connection.Tcb.Describe(_bench.Now).CeMarksReceived);
    }

    [Fact, Rfc("3168 §6.1.2")]
    public void A_super_segment_with_CWR_says_so_to_the_device()
    {
        StackConnection connection = Accepted(UserTcpEcnMode.Passive);
        uint una = Iss(connection) + 1;
        _bench.Write(connection, 20_000);
        Assert.All(_bench.Pull(), frame => Assert.Equal(SegmentationOffload.TcpV4, frame.Offload.Segmentation));
        _bench.Hear(TcpFlags.Ack | TcpFlags.Ece, 1001, una + 536);
        _bench.Hear(TcpFlags.Ack | TcpFlags.Ece, 1001, una + 9 * 536);
        SentFrame frame = Assert.Single(_bench.Pull());
        Assert.Equal(TcpFlags.Ack | TcpFlags.Cwr, frame.Flags & ~TcpFlags.Psh);
        Assert.Equal(SegmentationOffload.TcpV4 | SegmentationOffload.Ecn, frame.Offload.Segmentation);
    }

    [Fact]
    public void The_first_segment_of_a_super_segment_alone_says_CWR_and_a_marking_router_loses_nothing()
    {
        using var network = new TestNetwork { Records = true };
        int packets = 0;
        network.Rule = (_, frame) =>
        {
            bool isMarked = EcnOf(frame) != EcnCodepoint.NotEct && ++packets % 50 == 0;
            return isMarked ? Marked(frame) : frame;
        };
        TestHost client = network.Add(1), server = network.Add(2);
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(2_000_000, 2, 1), config: s_active);
        TransferApp app = client.Connect(new TransferApp(1_000_000, 1, 2), server, 80, s_active);
        network.RunUntil(() => app.IsDone && accepted is { IsDone: true });
        Assert.Equal((2_000_000, 1_000_000), (app.BytesRead, accepted!.BytesRead));
        Assert.Equal(0, client.Counters.SegmentsResent + server.Counters.SegmentsResent);

        TcbReport report = accepted.Connection!.Tcb.Describe(network.Now);
        Assert.True(report.Counters.EcnReductions > 3, $"{report.Counters.EcnReductions} reductions");
        long said = network.Sent.Count(sent => sent.From == server && SaysCwr(sent.Bytes));
        Assert.InRange(said, report.Counters.EcnReductions - 1, report.Counters.EcnReductions);
    }

    private static bool SaysCwr(byte[] frame) =>
        frame[12] == 8 && frame[13] == 0 && ((TcpFlags)frame[47] & (TcpFlags.Cwr | TcpFlags.Syn)) == TcpFlags.Cwr;

    private static byte[] Marked(byte[] frame)
    {
        byte[] packet = frame[14..];
        packet[1] |= (byte)EcnCodepoint.Ce;
        return [.. frame[..14], .. Packets.Resum(packet)];
    }

    private uint Iss(StackConnection connection)
    {
        _bench.Hear(TcpFlags.Ack, 900, 0); // not acceptable: the answer tells SND.NXT
        SentFrame answer = Assert.Single(_bench.Pull());
        Assert.False(connection.IsForgotten);
        return answer.Seq - 1;
    }
}
