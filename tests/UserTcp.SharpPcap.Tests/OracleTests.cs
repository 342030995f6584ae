using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using PacketDotNet;
using PacketDotNet.Tcp;
using UserTcp.Diagnostics;
using UserTcp.Links;

namespace UserTcp.SharpPcap.Tests;

/// <summary>PacketDotNet agrees with what the stack writes, and writes what the stack reads.</summary>
public sealed class OracleTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(60);
    private static readonly IPAddress s_client = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress s_server = IPAddress.Parse("10.0.0.2");

    [Fact]
    public async Task PacketDotNet_reads_what_the_stack_writes()
    {
        var tap = new FrameList();
        await RunAsync(tap, bytes: 20_000);
        Packet[] packets = [.. tap.Sent.Select(frame => Packet.ParsePacket(LinkLayers.Ethernet, frame))];

        ArpPacket arp = packets.Select(packet => packet.Extract<ArpPacket>()).First(one => one is not null);
        Assert.Equal(ArpOperation.Request, arp.Operation);
        Assert.Equal(s_client, arp.SenderProtocolAddress);
        Assert.Equal(s_server, arp.TargetProtocolAddress);
        IPv4Packet[] ip = [.. packets.Select(packet => packet.Extract<IPv4Packet>()).Where(one => one is not null)];
        Assert.All(ip, one => Assert.True(one.ValidChecksum, "The IPv4 checksum is wrong."));
        Assert.All(ip, one => Assert.Equal(s_client, one.SourceAddress));
        Assert.All(ip, one => Assert.Equal(
            one.HeaderLength * 4 + one.PayloadPacket.TotalPacketLength, one.TotalLength));
        TcpPacket[] tcp = [.. ip.Select(one => one.Extract<TcpPacket>()).Where(one => one is not null)];
        Assert.All(tcp, one => Assert.True(one.ValidChecksum, "The TCP checksum is wrong."));
        TcpPacket syn = Assert.Single(tcp, one => one.Synchronize);
        Assert.Equal(1460, Option<MaximumSegmentSizeOption>(syn).Value);
        Assert.InRange(Option<WindowScaleFactorOption>(syn).ScaleFactor, 1, 14);
        Assert.NotNull(Option<SelectiveAcknowledgmentPermittedOption>(syn));
        Assert.NotEqual(0u, Option<TimeStampOption>(syn).Value);
        Assert.Equal(20_000, tcp.Sum(one => one.PayloadData.Length));
        Assert.Contains(tcp, one => one.Finished);
        uint next = syn.SequenceNumber + 1;
        foreach (TcpPacket segment in tcp.Where(one => one.PayloadData.Length > 0))
        {
            Assert.Equal(next, segment.SequenceNumber);
            next += (uint)segment.PayloadData.Length;
        }
    }

    [Fact]
    public async Task PacketDotNet_reads_an_echo_request()
    {
        var tap = new FrameList();
        (VirtualLink left, VirtualLink right) = VirtualLink.CreatePair();
        await using UserTcpStack client = await OpenAsync(left, s_client, tap);
        await using UserTcpStack server = await OpenAsync(right, s_server);
        await client.PingAsync(s_server).AsTask().WaitAsync(s_guard);

        IcmpV4Packet echo = tap.Sent.Select(frame => Packet.ParsePacket(LinkLayers.Ethernet, frame))
            .Select(packet => packet.Extract<IcmpV4Packet>()).First(one => one is not null);
        Assert.Equal(IcmpV4TypeCode.EchoRequest, echo.TypeCode);
        Assert.True(echo.ValidIcmpChecksum, "The ICMP checksum is wrong.");
    }

    [Fact]
    public async Task The_stack_reads_what_PacketDotNet_writes()
    {
        var tap = new FrameList();
        var device = new FakeDevice("one", 1);
        await using UserTcpStack server = await UserTcpStack.OpenAsync(new UserTcpStackOptions
        {
            Link = SharpPcapLink.Wrap(device),
            Addresses = { new UserTcpAddress(s_server, 24) },
            DetectAddressConflicts = false,
            Taps = { tap },
        });
        await using UserTcpListener listener = await server.ListenAsync(7);
        var peer = PhysicalAddress.Parse("02-00-00-00-00-09");
        var mac = PhysicalAddress.Parse(server.MacAddress.ToString().Replace(':', '-').ToUpperInvariant());
        device.Deliver(Frame(peer, PhysicalAddress.Parse("FF-FF-FF-FF-FF-FF"), EthernetType.Arp, new ArpPacket(
            ArpOperation.Request, PhysicalAddress.Parse("00-00-00-00-00-00"), s_server, peer, s_client)));
        device.Deliver(Frame(peer, mac, EthernetType.IPv4, Syn(port: 7)));
        device.Deliver(Frame(peer, mac, EthernetType.IPv4, Syn(port: 9)));

        TcpPacket synAck = await tap.FirstAsync(one => one.Synchronize && one.Acknowledgment);
        Assert.Equal(1001u, synAck.AcknowledgmentNumber);
        Assert.Equal(40_000, synAck.DestinationPort);
        TcpPacket reset = await tap.FirstAsync(one => one.Reset);
        Assert.Equal(9, reset.SourcePort);
        Assert.True(reset.ValidChecksum, "The TCP checksum is wrong.");
        Assert.Equal(0, server.GetStatistics().ErrorsReceived);
    }

    private static T Option<T>(TcpPacket packet) => packet.OptionsCollection.OfType<T>().Single();

    private static IPv4Packet Syn(ushort port)
    {
        var tcp = new TcpPacket(40_000, port) { Synchronize = true, SequenceNumber = 1000, WindowSize = 4000 };
        var ip = new IPv4Packet(s_client, s_server) { PayloadPacket = tcp, TimeToLive = 64 };
        tcp.UpdateTcpChecksum();
        ip.UpdateIPChecksum();
        return ip;
    }

    private static byte[] Frame(PhysicalAddress from, PhysicalAddress to, EthernetType type, Packet payload) =>
        new EthernetPacket(from, to, type) { PayloadPacket = payload }.Bytes;

    private static ValueTask<UserTcpStack> OpenAsync(LinkDevice link, IPAddress address, IPacketTap? tap = null)
    {
        var options = new UserTcpStackOptions { Link = link, Addresses = { new UserTcpAddress(address, 24) } };
        if (tap is not null)
            options.Taps.Add(tap);
        return UserTcpStack.OpenAsync(options);
    }

    private static async Task RunAsync(FrameList tap, int bytes)
    {
        (VirtualLink left, VirtualLink right) = VirtualLink.CreatePair();
        await using UserTcpStack client = await OpenAsync(left, s_client, tap);
        await using UserTcpStack server = await OpenAsync(right, s_server);
        await using UserTcpListener listener = await server.ListenAsync(7);
        Task<UserTcpConnection> accept = listener.AcceptAsync().AsTask();
        await using UserTcpConnection connection = await client.ConnectAsync(s_server, 7).AsTask().WaitAsync(s_guard);
        await using UserTcpConnection accepted = await accept.WaitAsync(s_guard);
        await connection.Output.WriteAsync(new byte[bytes]);
        await connection.Output.CompleteAsync();
        await accepted.Input.CopyToAsync(Stream.Null).WaitAsync(s_guard);
        await accepted.Output.CompleteAsync();
        await connection.CloseAsync().AsTask().WaitAsync(s_guard);
    }

    private sealed class FrameList : IPacketTap
    {
        private readonly SemaphoreSlim _added = new(0);

        public ConcurrentQueue<byte[]> Sent { get; } = new();

        public void OnPacket(in PacketTapContext packet)
        {
            if (packet.Direction != PacketDirection.Sent)
                return;

            Sent.Enqueue(packet.Frame.ToArray());
            _added.Release();
        }

        public async Task<TcpPacket> FirstAsync(Func<TcpPacket, bool> isWanted)
        {
            while (true)
            {
                TcpPacket? found = Sent.Select(frame => Packet.ParsePacket(LinkLayers.Ethernet, frame))
                    .Select(packet => packet.Extract<TcpPacket>())
                    .FirstOrDefault(packet => packet is not null && isWanted(packet));
                if (found is not null)
                    return found;
                Assert.True(await _added.WaitAsync(s_guard), "No such segment was sent.");
            }
        }
    }
}
