using System.Net;
using UserTcp.Lab.Tests.Captures;
using UserTcp.Lab.Tests.Wires;
using UserTcp.Links;

namespace UserTcp.Lab.Tests.Support;

/// <summary>
/// The usual lab: a host with the kernel's own address on <c>veth0</c>, which a stack of ours shares with it under
/// another address and MAC, a cable, and a peer with <c>veth1</c>. Both kernels use CUBIC.
/// </summary>
internal sealed class LabNetwork : IDisposable
{
    public const string HostDevice = "veth0";
    public const string PeerDevice = "veth1";
    private const string Subnet = "10.9.0";

    private readonly string _scheme;

    private LabNetwork(string scheme, Func<NetworkNamespace, NetworkNamespace, ImpairedWire?> join)
    {
        _scheme = scheme;
        Host = NetworkNamespace.Create("host");
        Peer = NetworkNamespace.Create("peer");
        Wire = join(Host, Peer);
        // A plain cable loses nothing. If its peer had no processor for 200 ms, a kernel must not repeat its FIN and
        // then reset the second answer.
        string patience = Wire is null ? "rto_min 5s" : "";
        Configure(Host, HostDevice, HostAddress, patience);
        Configure(Peer, PeerDevice, PeerAddress, patience);
        HostMac = MacOf(Host, HostDevice);
        PeerMac = MacOf(Peer, PeerDevice);
    }

    /// <summary>The address of the kernel that shares our side of the cable.</summary>
    public static IPAddress HostAddress { get; } = Address(1);

    public static IPAddress PeerAddress { get; } = Address(2);

    /// <summary>Everybody on the cable.</summary>
    public static IPAddress Broadcast { get; } = Address(255);

    public NetworkNamespace Host { get; }

    public NetworkNamespace Peer { get; }

    public MacAddress HostMac { get; }

    public MacAddress PeerMac { get; }

    /// <summary>What joins them, if that has a fault.</summary>
    public ImpairedWire? Wire { get; }

    public ScratchFolder Scratch { get; } = new();

    /// <summary>A lab with a plain cable.</summary>
    /// <param name="offloads">As <see cref="VethPair.Create"/> has it.</param>
    /// <param name="scheme">The kind of link that stacks of ours use.</param>
    public static LabNetwork Create(bool offloads, string scheme = "pcap") => new(scheme, (host, peer) =>
    {
        VethPair.Create(host, peer, HostDevice, PeerDevice, $"{HostAddress}/24", $"{PeerAddress}/24", offloads);
        return null;
    });

    /// <summary>A lab with a faulty wire; offloads are off.</summary>
    public static LabNetwork Create(Impairment impairment) => new("pcap", (host, peer) => ImpairedWire.Create(
        host, peer, impairment, HostDevice, PeerDevice, $"{HostAddress}/24", $"{PeerAddress}/24"));

    public static IPAddress Address(int host) => IPAddress.Parse($"{Subnet}.{host}");

    /// <summary>
    /// Opens a stack on our side of the cable. It shares the interface with the kernel, and with other
    /// stacks.
    /// </summary>
    /// <param name="host">The last byte of its address.</param>
    /// <param name="configure">Changes options; the address is set, the link unless it is given.</param>
    public async Task<UserTcpStack> OpenStackAsync(int host = 50, Action<UserTcpStackOptions>? configure = null)
    {
        var options = new UserTcpStackOptions
        {
            Shards = int.Parse(Environment.GetEnvironmentVariable("USERTCP_TEST_SHARDS") ?? "1"),
        };
        options.Addresses.Add(new UserTcpAddress(Address(host), 24));
        configure?.Invoke(options);
        options.Link ??= OpenLink();
        return await UserTcpStack.OpenAsync(options);
    }

    /// <summary>Opens the device alone.</summary>
    public LinkDevice OpenLink() => Host.Run(() => LinkDevice.Open($"{_scheme}:{HostDevice}"));

    /// <summary>Captures at the peer's end of the cable.</summary>
    /// <param name="bytesPerFrame">How much of each frame is kept.</param>
    public Task<PacketCapture> CaptureAsync(int bytesPerFrame) =>
        PacketCapture.StartAsync(Peer, PeerDevice, Broadcast, Scratch, bytesPerFrame);

    /// <summary>A counter of the peer's kernel, by its name in <c>/proc/net/netstat</c> and <c>snmp</c>.</summary>
    public long PeerCounter(string name) => KernelCounters.Read(Peer, name);

    public void Dispose()
    {
        Wire?.Dispose();
        Host.Dispose();
        Peer.Dispose();
        Scratch.Dispose();
    }

    private static void Configure(NetworkNamespace ns, string device, IPAddress address, string more) => ns.Exec(
        $"ip route replace {Subnet}.0/24 dev {device} proto kernel scope link src {address} congctl cubic {more}");

    private static MacAddress MacOf(NetworkNamespace ns, string device) =>
        MacAddress.Parse(ns.Exec($"cat /sys/class/net/{device}/address").Trim());
}
