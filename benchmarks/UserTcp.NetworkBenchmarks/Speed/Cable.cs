using System.Net;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>The link between the two ends of a contender.</summary>
internal enum CableKind
{
    /// <summary>None: both ends are in one process.</summary>
    None,

    /// <summary>A veth pair with the offloads that it has by default.</summary>
    Veth,

    /// <summary>A veth pair with all of them off.</summary>
    PlainVeth,

    /// <summary>A TAP interface, with offloads.</summary>
    Tap,
}

/// <summary>
/// A cable with a kernel at the far end, and at the near end of veth pairs. Each contender has one of its own, so that
/// those who wait get no frames of the others.
/// </summary>
internal sealed class Cable : IDisposable
{
    public const string Device = "speed0";
    public const string FarDevice = "speed1";
    private readonly List<NetworkNamespace> _namespaces = [];

    public Cable(CableKind kind)
    {
        try
        {
            if (kind == CableKind.Tap)
                MakeTap();
            else
                MakeVeth(kind);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The address of the kernel at the far end.</summary>
    public static IPAddress FarAddress { get; } = Address(1);

    /// <summary>The address of the kernel at the near end of a veth pair.</summary>
    public static IPAddress NearAddress { get; } = Address(2);

    /// <summary>The address of the stack at the near end.</summary>
    public static IPAddress StackAddress { get; } = Address(50);

    /// <summary>The name of the namespace at the near end.</summary>
    public string Near => _namespaces[0].Name;

    /// <summary>The name of the namespace at the far end.</summary>
    public string Far => _namespaces[^1].Name;

    /// <summary>An address of the cable.</summary>
    public static IPAddress Address(int host) => IPAddress.Parse($"10.79.0.{host}");

    public void Dispose()
    {
        foreach (NetworkNamespace made in _namespaces)
        {
            made.Dispose();
        }
    }

    private void MakeVeth(CableKind kind)
    {
        NetworkNamespace near = Make("near");
        NetworkNamespace far = Make("far");
        VethPair.Create(near, far, Device, FarDevice, $"{NearAddress}/24", $"{FarAddress}/24",
            offloads: kind == CableKind.Veth);
        Prepare(near, Device);
        Prepare(far, FarDevice);
    }

    private void MakeTap()
    {
        NetworkNamespace tap = Make("tap");
        tap.Exec($"ip tuntap add dev {Device} mode tap && ip address add {FarAddress}/24 dev {Device} "
            + $"&& ip link set {Device} up");
        Prepare(tap, Device);
    }

    private NetworkNamespace Make(string purpose)
    {
        NetworkNamespace made = NetworkNamespace.Create(purpose);
        _namespaces.Add(made);
        return made;
    }

    // Ports are used again at once in the row of connects, and the peer closes first.
    private static void Prepare(NetworkNamespace ns, string device) => ns.Exec(
        "sysctl -q net.ipv4.tcp_max_tw_buckets=0 net.ipv4.tcp_no_metrics_save=1 net.ipv4.tcp_max_syn_backlog=8192 "
        + "net.core.somaxconn=8192 && "
        + $"ip route replace 10.79.0.0/24 dev {device} proto kernel scope link congctl cubic");
}
