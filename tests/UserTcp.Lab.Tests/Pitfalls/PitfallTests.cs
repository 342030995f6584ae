using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Captures;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;
using UserTcp.Lab.Tests.Wires;
using UserTcp.Links;
using UserTcp.Wire;

namespace UserTcp.Lab.Tests.Pitfalls;

/// <summary>What broke other stacks, by the names under which it is known; each test says its offloads.</summary>
public sealed class PitfallTests
{
    private static readonly Page s_page = new(2_000_000, seed: 8000);
    private static readonly TimeSpan s_drain = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_longDrain = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Offloads off. With a MAC of our own, and with the interface's, under which the kernel sees our frames.
    /// </summary>
    [LabTheory]
    [InlineData("pcap", false)]
    [InlineData("pcap", true)]
    [InlineData("packet", false)]
    [InlineData("packet", true)]
    public async Task HostKernelDoesNotInterfere(string scheme, bool useMacOfInterface)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false, scheme);
        using var patience = new Patience(60);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 256);
        await using (KernelServer server = StartServer(lab, s_page))
        await using (UserTcpStack stack = await lab.OpenStackAsync(
            configure: o => (o.MacAddress, o.ConnectionDefaults) =
                (useMacOfInterface ? lab.HostMac : null, SlowTimers.Options)))
        {
            Assert.Equal(useMacOfInterface, stack.MacAddress == lab.HostMac);
            await PageClient.GetAsync(stack, server.EndPoint, s_page, patience.Token);
        }

        await capture.StopAsync();
        Tshark.AssertNone(capture.File, $"{Tshark.Resets} || icmp");
        Assert.NotEmpty(Tshark.Find(capture.File, "tcp.flags.fin == 1 && ip.src == 10.9.0.50"));
    }

    /// <summary>
    /// Default offloads: the peer hands over up to 64 KiB at once, with checksums that nobody filled in.
    /// </summary>
    [LabTheory]
    [InlineData("pcap")]
    [InlineData("packet")]
    public async Task GroMergedFrames(string scheme)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: true, scheme);
        using var patience = new Patience(60);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 256);
        await using KernelServer server = StartServer(lab, s_page);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await PageClient.GetAsync(stack, server.EndPoint, s_page, patience.Token);
        await capture.StopAsync();
        Assert.NotEmpty(Tshark.Find(capture.File, $"eth.dst == {stack.MacAddress} && frame.len > 20000"));
    }

    /// <summary>
    /// Offloads off. The process stops while more arrives than the capture ring, or the socket's buffer, holds; what
    /// was lost there is sent again.
    /// </summary>
    [LabTheory]
    [InlineData("pcap")]
    [InlineData("packet")]
    public async Task CaptureRingOverflow(string scheme)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(60);
        await using KernelServer server = StartServer(lab, s_page);
        var link = new GateLink(scheme == "pcap" ? lab.OpenLink() : OpenPacketSocket(lab, bufferBytes: 1 << 20));
        await using UserTcpStack stack = await lab.OpenStackAsync(configure: o => o.Link = link);
        await using UserTcpConnection connection = await stack.ConnectAsync(server.EndPoint, null, patience.Token);
        Task transfer = PageClient.GetAsync(connection, s_page, patience.Token);

        link.Gate.Reset();
        try
        {
            Flood(lab, stack.Addresses[0].Address, datagrams: 40_000);
        }
        finally
        {
            link.Gate.Set();
        }

        await transfer;
        Assert.NotEqual(0, stack.GetStatistics().Link.ReceiveDropped);
    }

    /// <summary>
    /// Default offloads: each frame takes a slot for the longest, and still a burst of short ones fits.
    /// </summary>
    [LabTheory]
    [InlineData("pcap")]
    [InlineData("packet")]
    public void CaptureRing_HoldsABurst_WhereFramesMerge(string scheme)
    {
        const int Burst = 1000;
        using LabNetwork lab = LabNetwork.Create(offloads: true, scheme);
        using LinkDevice link = lab.OpenLink();
        using PacketSocket wire = PacketSocket.Open(lab.Peer, LabNetwork.PeerDevice);
        MacAddress mac = MacAddress.CreateLocal([1]);
        link.SetReceiveAddress(mac);
        byte[] frame = new byte[60];
        EthernetHeader.Write(frame, mac, lab.PeerMac, EtherType.Ipv4);
        for (int i = 0; i < Burst; i++)
            wire.Send(frame);

        int received = 0;
        using var batch = new RxBatch();
        while (received < Burst && link.Wait(TimeSpan.FromSeconds(20)))
        {
            batch.Clear();
            received += link.Receive(batch);
        }

        Assert.Equal((Burst, 0), (received, link.Statistics.ReceiveDropped));
    }

    /// <summary>Offloads off. The link needs that long for each packet.</summary>
    [LabTheory]
    [InlineData("pcap", 10, 500_000)]
    [InlineData("pcap", 100, 60_000)]
    [InlineData("pcap", 500, 12_000)]
    [InlineData("packet", 10, 500_000)]
    public async Task SlowReceiver_NeverReset(string scheme, int millisecondsPerPacket, int size)
    {
        var page = new Page(size, seed: 8001);
        using LabNetwork lab = LabNetwork.Create(offloads: false, scheme);
        using var patience = new Patience(120);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 256);
        await using KernelServer server = StartServer(lab, page);
        var link = new SlowLink(lab.OpenLink(), TimeSpan.FromMilliseconds(millisecondsPerPacket));
        // The last ACK too waits behind what the kernel has sent again meanwhile.
        await using (UserTcpStack stack = await lab.OpenStackAsync(configure: o =>
            (o.Link, o.ShutdownTimeout, o.ConnectionDefaults) = (link, s_longDrain, SlowTimers.Options)))
            await PageClient.GetAsync(stack, server.EndPoint, page, patience.Token);
        await capture.StopAsync();
        Tshark.AssertNone(capture.File, Tshark.Resets);
    }

    /// <summary>
    /// Offloads off. The kernel reads to the end: all bytes and the FIN come although the application is gone.
    /// </summary>
    [LabFact]
    public async Task StackDispose_ResetsOrDrains()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(60);
        UserTcpStack stack = await lab.OpenStackAsync(configure: o => o.ShutdownTimeout = s_longDrain);
        // A send buffer that takes all of it at once: the write ends while the kernel's application reads nothing.
        await using UserTcpListener listener = await stack.ListenAsync(new UserTcpListenerOptions
        {
            LocalEndPoint = new IPEndPoint(IPAddress.Any, 80),
            ConnectionOptions = new UserTcpConnectionOptions { AutoTuneBuffers = false },
        });
        using Socket socket = KernelClient.Connect(lab.Peer, new IPEndPoint(LabNetwork.Address(50), 80));
        UserTcpConnection connection = await listener.AcceptAsync(patience.Token);
        byte[] bytes = s_page.Bytes[..900_000];
        await connection.Output.WriteAsync(bytes, patience.Token);

        Task<byte[]> reading = KernelClient.ReadToEndAsync(socket, patience.Token);
        await stack.DisposeAsync();
        Assert.Equal(bytes, await reading);
    }

    /// <summary>
    /// Offloads off. The kernel's application does not read: when the time is over it hears a RST, not silence.
    /// </summary>
    [LabTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StackDispose_ResetsWhatDoesNotDrain(bool atOnce)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(60);
        UserTcpStack stack = await lab.OpenStackAsync(configure: o => o.ShutdownTimeout = s_drain);
        await using UserTcpListener listener = await stack.ListenAsync(80);
        using Socket socket = KernelClient.Connect(lab.Peer, new IPEndPoint(LabNetwork.Address(50), 80));
        UserTcpConnection connection = await listener.AcceptAsync(patience.Token);
        Task writing = FillAsync(connection.Output, patience.Token);

        if (atOnce)
            stack.Abort();
        else
            await stack.DisposeAsync();
        await writing;
        var error =
            await Assert.ThrowsAsync<SocketException>(() => KernelClient.ReadToEndAsync(socket, patience.Token));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private static PacketSocketLink OpenPacketSocket(LabNetwork lab, int bufferBytes) => lab.Host.Run(
        () => PacketSocketLink.Open(
            LabNetwork.HostDevice, new PacketSocketLinkOptions { ReceiveBufferBytes = bufferBytes }));

    private static KernelServer StartServer(LabNetwork lab, Page page) =>
        KernelServer.Start(lab.Peer, LabNetwork.PeerAddress, new PageService([page]).ServeAsync);

    // More than both sides buffer.
    private static async Task FillAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        FlushResult flush;
        do
            flush = await output.WriteAsync(s_page.Bytes, cancellationToken);
        while (!flush.IsCompleted);
    }

    private static void Flood(LabNetwork lab, IPAddress address, int datagrams) => lab.Peer.Run(() =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        for (int i = 0; i < datagrams; i++)
            socket.SendTo(new byte[64], new IPEndPoint(address, 9));
    });
}
