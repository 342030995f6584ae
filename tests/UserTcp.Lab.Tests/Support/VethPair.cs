namespace UserTcp.Lab.Tests.Support;

/// <summary>Two Ethernet interfaces joined by a cable, both up. They go away with either namespace.</summary>
internal sealed record VethPair(NetworkNamespace NamespaceA, string NameA, NetworkNamespace NamespaceB, string NameB)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>Makes a pair.</summary>
    /// <param name="a">Where one end is.</param>
    /// <param name="b">Where the other is; may be the same.</param>
    /// <param name="nameA">The name of the end in <paramref name="a"/>.</param>
    /// <param name="nameB">The name of the end in <paramref name="b"/>.</param>
    /// <param name="addressA">An address with prefix for the kernel in <paramref name="a"/>, or null for none.</param>
    /// <param name="addressB">The same for <paramref name="b"/>.</param>
    /// <param name="offloads">
    /// True leaves the kernel's defaults: frames of up to 64 KiB, checksums not filled in. False makes both ends like
    /// a real wire: frames of the MTU with valid checksums.
    /// </param>
    public static VethPair Create(
        NetworkNamespace a, NetworkNamespace b, string nameA = "veth0", string nameB = "veth1",
        string? addressA = null, string? addressB = null, bool offloads = true)
    {
        Shell.Run($"ip -n {a.Name} link add name {nameA} type veth peer name {nameB} netns {b.Name}");
        var pair = new VethPair(a, nameA, b, nameB);
        SetUp(a, nameA, addressA, offloads);
        SetUp(b, nameB, addressB, offloads);
        pair.WaitForCarrier();
        return pair;
    }

    /// <summary>
    /// Waits until both ends send. The carrier comes a moment after the command that switches the other end on, and the
    /// queue that takes frames another moment later; until then the kernel drops them and reports success.
    /// </summary>
    public void WaitForCarrier()
    {
        foreach ((NetworkNamespace where, string name) in
            ((NetworkNamespace, string)[])[(NamespaceA, NameA), (NamespaceB, NameB)])
        {
            if (!SpinWait.SpinUntil(() => Sends(where, name), s_limit))
                throw new InvalidOperationException($"{name} has no carrier.");
        }
    }

    private static bool Sends(NetworkNamespace where, string name)
    {
        string state = where.Exec($"ip link show {name}");
        return state.Contains("state UP", StringComparison.Ordinal)
            && !state.Contains("qdisc noop ", StringComparison.Ordinal);
    }

    private static void SetUp(NetworkNamespace where, string name, string? address, bool offloads)
    {
        if (!offloads)
            where.Exec($"ethtool -K {name} tx off tso off gso off gro off > /dev/null");
        if (address is not null)
            where.Exec($"ip address add {address} dev {name}");
        where.Exec($"{KeepOrder(name)}; ip link set {name} up");
    }

    /// <summary>
    /// A cable keeps the order of its frames. A pair does not if two processors send: each has a queue of its own, and
    /// an ACK may arrive behind the FIN that was sent after it. One processor for all frames of an end mends that.
    /// </summary>
    private static string KeepOrder(string name) =>
        $"cpus=/sys/class/net/{name}/queues/rx-0/rps_cpus; [ ! -w $cpus ] || echo 1 > $cpus";
}
