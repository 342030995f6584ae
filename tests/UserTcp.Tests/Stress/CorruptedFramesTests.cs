using System.Buffers.Binary;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Stack;
using UserTcp.Wire;

namespace UserTcp.Tests.Stress;

/// <summary>
/// A bad wire between a sender that finishes its checksums and a link whose other senders do not: of ten million frames
/// that were changed on it, of every kind, not one is taken for one of its connection.
/// </summary>
public sealed class CorruptedFramesTests
{
    private const int Runs = 4;
    private const int FramesPerRun = 2_500_000;
    private const int Link = 14;
    private const int Tcp = Link + 20;

    /// <summary>One frame in this many has a true checksum that looks unfinished; by chance 1 in 65,536 has.</summary>
    private const int AmbiguousOneIn = 16;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(Runs)]
    public void Of_ten_million_corrupted_frames_none_is_taken(int seed)
    {
        using var bench = new StackBench(c => c with
        {
            Link = c.Link with { Features = c.Link.Features | LinkFeatures.ReceiveMayLackChecksum },
        });
        StackListener listener = bench.Listen();
        uint iss = bench.Handshake();
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
        byte[][] models = [.. Models(iss)];
        using var batch = new RxBatch(1);
        var random = new Random(seed);
        int strangers = 0;
        for (int i = 0; i < FramesPerRun; i++)
        {
            Span<byte> frame = batch.Reserve();
            byte[] model = models[random.Next(models.Length)];
            model.CopyTo(frame);
            frame = frame[..model.Length];
            Vary(frame, random);
            Corrupt(frame, random);
            batch.Commit(model.Length);
            FrameOutcome outcome = bench.Core.OnFrame(batch[0], bench.Now);
            if (!frame[Tcp..(Tcp + 4)].SequenceEqual(model.AsSpan(Tcp, 4)))
                strangers++;
            else if (outcome.Drop == PacketDropReason.None)
                Assert.Fail($"Seed {seed}, frame {i} was taken: {Convert.ToHexString(frame)}");
            batch.Clear();
        }

        // A changed port makes a stranger, who may be told that there is no connection.
        Assert.All(bench.Pull(), sent => Assert.NotEqual(
            (StackBench.Port, StackBench.PeerPort), (sent.SourcePort, sent.DestinationPort)));
        Assert.InRange(strangers, 1, FramesPerRun / 4);
        Assert.Equal(0, bench.Core.HalfOpenCount);
        Assert.Equal(0, connection!.Receive.HighestEnd);
        Assert.Equal(TcpState.Established, connection.Tcb.State);
        Assert.True(bench.Drops(PacketDropReason.UnfinishedChecksum) > FramesPerRun / AmbiguousOneIn / 4);
        bench.Hear(TcpFlags.Ack, 1001, iss + 1, [1, 2, 3]);
        Assert.Equal(3, connection.Receive.ContiguousEnd);
    }

    /// <summary>Frames that would be taken: text of all sizes, with and without FIN, bare ones, and an echo.</summary>
    private static IEnumerable<byte[]> Models(uint iss)
    {
        int[] sizes = [1, 2, 3, 7, 40, 41, 536, 1459, 1460];
        foreach (int size in sizes)
        {
            yield return Frame(TcpFlags.Ack | TcpFlags.Psh, iss, 1001, size);
            yield return Frame(TcpFlags.Ack, iss, 1001 + (uint)size, size); // out of order
        }

        yield return Frame(TcpFlags.Ack | TcpFlags.Fin, iss, 1001, 0);
        yield return Frame(TcpFlags.Ack | TcpFlags.Fin, iss, 1001, 100);
        yield return Frame(TcpFlags.Ack, iss, 1001, 0);
        yield return Frame(TcpFlags.Rst, iss, 1001, 0);
        yield return Frame(TcpFlags.Ack | TcpFlags.Urg, iss, 1001, 5);
        byte[] echo = StackBench.Icmp(IcmpType.EchoRequest, 0, 0x00010001, new byte[56]);
        yield return Packets.Frame(
            Packets.OwnMac, Packets.PeerMac, 0x0800, Packets.Ipv4(Packets.Peer, Packets.Own, echo, protocol: 1));
    }

    private static byte[] Frame(TcpFlags flags, uint iss, uint seq, int size)
    {
        byte[] segment = StackBench.Segment(flags, seq, iss + 1, new byte[size]);
        return Packets.Frame(
            Packets.OwnMac, Packets.PeerMac, 0x0800, Packets.Ipv4(Packets.Peer, Packets.Own, segment));
    }

    /// <summary>Other text, another window, and the checksum that belongs to them.</summary>
    private static void Vary(Span<byte> frame, Random random)
    {
        if (frame[Link + 9] != (byte)IpProtocol.Tcp)
            return;

        Span<byte> segment = frame[Tcp..];
        random.NextBytes(segment[20..Math.Min(segment.Length, 28)]);
        ulong pseudo = InternetChecksum.PseudoHeader(Packets.Peer, Packets.Own, IpProtocol.Tcp, segment.Length);
        bool isAmbiguous = random.Next(AmbiguousOneIn) == 0;
        Span<byte> window = segment[14..16], field = segment[16..18];
        BinaryPrimitives.WriteUInt16BigEndian(window, isAmbiguous ? (ushort)0 : (ushort)random.Next(0x10000));
        BinaryPrimitives.WriteUInt16BigEndian(field, isAmbiguous ? InternetChecksum.Fold(pseudo) : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(
            isAmbiguous ? window : field, InternetChecksum.Complete(InternetChecksum.Sum(segment, pseudo)));
    }

    /// <summary>
    /// Changes a bit, an octet, or up to 15 bits in a row, which a checksum always finds; anywhere behind the link
    /// header, whose own checksum is the card's.
    /// </summary>
    private static void Corrupt(Span<byte> frame, Random random)
    {
        int at = random.Next(Link, frame.Length);
        switch (random.Next(3))
        {
            case 0:
                frame[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                frame[at] ^= (byte)random.Next(1, 256);
                break;
            default:
                int burst = random.Next(1, 1 << 15);
                frame[at] ^= (byte)(burst >> 8 | (burst < 256 || at + 1 == frame.Length ? 1 : 0));
                if (at + 1 < frame.Length)
                    frame[at + 1] ^= (byte)burst;
                break;
        }
    }
}
