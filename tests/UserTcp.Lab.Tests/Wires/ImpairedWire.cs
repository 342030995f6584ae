using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Wires;

/// <summary>
/// A cable with a fault: a namespace in which two threads carry frames from one interface to the other and lose,
/// duplicate, reorder and corrupt some, by a seed. The interfaces at both of its ends have their offloads off.
/// </summary>
internal sealed class ImpairedWire : IDisposable
{
    private readonly NetworkNamespace _middle;
    private readonly PacketSocket _left;
    private readonly PacketSocket _right;
    private readonly WireDirection _rightward;
    private readonly WireDirection _leftward;

    private ImpairedWire(NetworkNamespace middle, Impairment impairment)
    {
        _middle = middle;
        _left = PacketSocket.Open(middle, "left");
        _right = PacketSocket.Open(middle, "right");
        _rightward = new WireDirection(_left, _right, impairment, impairment.Seed);
        _leftward = new WireDirection(_right, _left, impairment, impairment.Seed + 1);
    }

    /// <summary>What happened so far.</summary>
    public WireCounts Counts
    {
        get
        {
            (WireCounts a, WireCounts b) = (_rightward.Counts, _leftward.Counts);
            return new WireCounts(a.Seen + b.Seen, a.Lost + b.Lost, a.Duplicated + b.Duplicated,
                a.Reordered + b.Reordered, a.Corrupted + b.Corrupted);
        }
    }

    /// <summary>Joins two namespaces; the arguments are those of <see cref="VethPair.Create"/>.</summary>
    public static ImpairedWire Create(
        NetworkNamespace a, NetworkNamespace b, Impairment impairment, string nameA, string nameB,
        string? addressA, string? addressB)
    {
        NetworkNamespace middle = NetworkNamespace.Create("wire");
        VethPair.Create(a, middle, nameA, "left", addressA, offloads: false);
        VethPair.Create(middle, b, "right", nameB, addressB: addressB, offloads: false);
        return new ImpairedWire(middle, impairment);
    }

    public void Dispose()
    {
        try
        {
            _rightward.Dispose();
            _leftward.Dispose();
        }
        finally
        {
            _left.Dispose();
            _right.Dispose();
            _middle.Dispose();
        }
    }
}
