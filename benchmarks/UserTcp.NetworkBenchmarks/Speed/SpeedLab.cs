using System.Net;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>The three cables, with a kernel at the far end of each, and at the near end of veth pairs.</summary>
internal sealed class SpeedLab : IDisposable
{
    public const string Device = "speed0";
    public const string PeerDevice = "speed1";
    private readonly List<NetworkNamespace> _namespaces = [];

    private SpeedLab()
    {
        Veth = Join(Cable.Veth);
        PlainVeth = Join(Cable.PlainVeth);
        NetworkNamespace tap = Make("tap");
        Tap = new CableEnds(tap.Name, tap.Name);
        tap.Exec($"ip tuntap add dev {Device} mode tap && ip address add {PeerAddress(Cable.Tap)}/24 dev {Device} "
            + $"&& ip link set {Device} up");
        Prepare(tap, Device, Cable.Tap);
    }

    public CableEnds Veth { get; }

    public CableEnds PlainVeth { get; }

    public CableEnds Tap { get; }

    public static SpeedLab Create() => new();

    /// <summary>The address of the kernel at the far end.</summary>
    public static IPAddress PeerAddress(Cable cable) => Address(cable, 1);

    /// <summary>An address at the near end: 2 is the kernel's there, others are free.</summary>
    public static IPAddress Address(Cable cable, int host) => IPAddress.Parse($"10.79.{(int)cable}.{host}");

    public CableEnds Ends(Cable cable) => cable switch
    {
        Cable.Veth => Veth,
        Cable.PlainVeth => PlainVeth,
        _ => Tap,
    };

    public void Dispose()
    {
        foreach (NetworkNamespace made in _namespaces)
        {
            made.Dispose();
        }
    }

    private CableEnds Join(Cable cable)
    {
        NetworkNamespace near = Make("near");
        NetworkNamespace far = Make("far");
        VethPair.Create(near, far, Device, PeerDevice, $"{Address(cable, 2)}/24", $"{PeerAddress(cable)}/24",
            offloads: cable == Cable.Veth);
        Prepare(near, Device, cable);
        Prepare(far, PeerDevice, cable);
        return new CableEnds(near.Name, far.Name);
    }

    private NetworkNamespace Make(string purpose)
    {
        NetworkNamespace made = NetworkNamespace.Create(purpose);
        _namespaces.Add(made);
        return made;
    }

    // Ports are used again at once in the row of connects, and the peer closes first.
    private static void Prepare(NetworkNamespace ns, string device, Cable cable) => ns.Exec(
        "sysctl -q net.ipv4.tcp_max_tw_buckets=0 net.ipv4.tcp_no_metrics_save=1 net.ipv4.tcp_max_syn_backlog=8192 "
        + "net.core.somaxconn=8192 && "
        + $"ip route replace 10.79.{(int)cable}.0/24 dev {device} proto kernel scope link congctl cubic");
}

/// <summary>The namespaces that a cable joins.</summary>
internal sealed record CableEnds(string Near, string Far);
