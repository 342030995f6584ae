using System.Diagnostics;
using UserTcp.Lab.Tests.Support;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Links;

/// <summary>Two namespaces, a cable between them, and what a test needs to put frames on it.</summary>
internal sealed class LinkLab : IDisposable
{
    public static readonly MacAddress MacA = MacAddress.Parse("02:00:00:00:00:0a");
    public static readonly MacAddress MacB = MacAddress.Parse("02:00:00:00:00:0b");
    private const ushort TestType = 0x88b5; // IEEE 802: for experiments
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);
    private readonly List<LinkDevice> _links = [];
    private readonly RxBatch _batch = new();

    public LinkLab(bool offloads = false)
    {
        A = NetworkNamespace.Create("a");
        B = NetworkNamespace.Create("b");
        Cable = VethPair.Create(A, B, offloads: offloads);
    }

    public NetworkNamespace A { get; }

    public NetworkNamespace B { get; }

    public VethPair Cable { get; }

    public PcapLink OpenA(PcapLinkOptions? options = null, MacAddress? mac = null) =>
        Open(A, () => PcapLink.Open("veth0", options), mac ?? MacA);

    public PcapLink OpenB(PcapLinkOptions? options = null, MacAddress? mac = null) =>
        Open(B, () => PcapLink.Open("veth1", options), mac ?? MacB);

    public PacketSocketLink OpenPacketA(PacketSocketLinkOptions? options = null, MacAddress? mac = null) =>
        Open(A, () => PacketSocketLink.Open("veth0", options), mac ?? MacA);

    public PacketSocketLink OpenPacketB(PacketSocketLinkOptions? options = null, MacAddress? mac = null) =>
        Open(B, () => PacketSocketLink.Open("veth1", options), mac ?? MacB);

    public static byte[] Frame(MacAddress to, MacAddress from, byte mark, int length = 60)
    {
        var frame = new byte[length];
        to.CopyTo(frame);
        from.CopyTo(frame.AsSpan(MacAddress.Size));
        frame[12] = TestType >> 8;
        frame[13] = TestType & 0xff;
        frame.AsSpan(14).Fill(mark);
        return frame;
    }

    public static int Send(LinkDevice link, params byte[][] frames) =>
        link.Transmit([.. frames.Select(frame => TxFrame.Create(frame))]);

    /// <summary>Sends all of them, as fast as the device takes them.</summary>
    public static void SendAll(LinkDevice link, byte[][] frames)
    {
        for (int sent = Send(link, frames); sent < frames.Length; sent += Send(link, frames[sent..]))
            Assert.True(link.Wait(s_limit), $"The device took {sent} frames and no more.");
    }

    /// <summary>Test frames as they arrive, until one has this mark; the system's own frames are left out.</summary>
    public List<byte[]> ReceiveUntil(LinkDevice link, byte mark)
    {
        var frames = new List<byte[]>();
        while (frames.Count == 0 || frames[^1][14] != mark)
        {
            Assert.True(link.Wait(s_limit), $"No frame marked {mark} arrived.");
            _batch.Clear();
            link.Receive(_batch);
            for (int i = 0; i < _batch.Count; i++)
            {
                ReadOnlySpan<byte> bytes = _batch[i].Bytes;
                if (bytes[12] == TestType >> 8 && bytes[13] == (TestType & 0xff))
                    frames.Add(bytes.ToArray());
            }
        }

        return frames;
    }

    /// <summary>Takes all that waits; returns how many frames.</summary>
    public static int Drain(LinkDevice link)
    {
        using var batch = new RxBatch();
        int received = 0;
        while (link.Receive(batch) > 0)
        {
            received += batch.Count;
            batch.Clear();
        }

        return received;
    }

    /// <summary>
    /// Takes what arrives until that and what was lost are all that was sent: a frame may be on its way after its
    /// sender has gone on. Returns how many frames arrived.
    /// </summary>
    public static int DrainUntil(LinkDevice link, int sent, Func<long> lost)
    {
        long start = Stopwatch.GetTimestamp();
        int received = Drain(link);
        while (received + lost() < sent)
        {
            Assert.True(
                Stopwatch.GetElapsedTime(start) < s_limit, $"{received} of {sent} arrived, {lost()} were lost.");
            link.Wait(TimeSpan.FromMilliseconds(10));
            received += Drain(link);
        }

        return received;
    }

    public void Dispose()
    {
        foreach (LinkDevice link in _links)
            link.Dispose();
        _batch.Dispose();
        A.Dispose();
        B.Dispose();
    }

    private TLink Open<TLink>(NetworkNamespace where, Func<TLink> open, MacAddress mac)
        where TLink : LinkDevice
    {
        TLink link = where.Run(open);
        _links.Add(link);
        link.SetReceiveAddress(mac);
        return link;
    }
}
