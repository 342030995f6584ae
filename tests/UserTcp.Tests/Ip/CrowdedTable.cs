using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Wire;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

/// <summary>
/// A small ARP table and more hosts than it has places, some of which answer: a seed draws who is looked up, who
/// answers, and how time passes. A model of the waiting hops is kept beside it.
/// </summary>
internal sealed class CrowdedTable
{
    private const int Hosts = 40;
    private const int Tries = 3;

    private static readonly HostAddress s_own = Address("10.0.0.1");

    private readonly Random _random;
    private readonly int _places;
    private readonly NeighborTable _table;
    private readonly ArpNeighbors _arp;
    private readonly Dictionary<HostAddress, int> _askedFor = [];
    private double _now;

    public CrowdedTable(int seed)
    {
        _random = new Random(seed);
        _places = _random.Next(1, 20);
        var routes = new RoutingTable([new LocalAddress(s_own, 8)]);
        _table = new NeighborTable(new IpLimits { MaxNeighbors = _places });
        _arp = new ArpNeighbors(OwnMac, routes, _table);
    }

    private int MostPending => Math.Max(1, _places - _places / 8);

    public void Run()
    {
        for (int step = 0; step < 200; step++)
        {
            switch (_random.Next(8))
            {
                case 0:
                    Hear(isRequest: true);
                    break;
                case 1:
                    Hear(isRequest: false);
                    break;
                case 2:
                    _now += _random.Next(4) == 0 ? 61 : 0.5 * _random.NextDouble();
                    _table.OnDeadline(At(_now));
                    break;
                default:
                    LookUp();
                    break;
            }

            Check();
        }

        // Nobody is looked up any more: all who wait hear of it.
        for (int second = 0; second < 10; second++)
        {
            _now++;
            _table.OnDeadline(At(_now));
            Check();
        }

        Assert.Empty(_askedFor);
        Assert.Equal(0, _table.PendingCount);
    }

    private static HostAddress Host(int n) => HostAddress.FromV4(0x0a010000u + (uint)n);

    private void LookUp()
    {
        HostAddress host = Host(_random.Next(Hosts));
        bool hasRoom = _table.HasRoomFor(host);
        NeighborLookup lookup = _table.Resolve(host, At(_now), out _);
        if (_askedFor.ContainsKey(host))
            Assert.Equal(NeighborLookup.Pending, lookup);
        else if (lookup == NeighborLookup.Pending)
            _askedFor.Add(host, 0);
        Assert.True(hasRoom ? lookup != NeighborLookup.Refused
            : lookup is NeighborLookup.Refused or NeighborLookup.Unreachable);
    }

    private void Hear(bool isRequest)
    {
        HostAddress host = Host(_random.Next(Hosts));
        _arp.OnArp(isRequest ? Request(PeerMac, host, s_own) : Reply(PeerMac, host, s_own), At(_now));
    }

    private void Check()
    {
        while (_arp.TryNextArp(out ArpPlan plan))
        {
            if (plan.Destination == MacAddress.Broadcast)
                _askedFor[plan.Packet.TargetAddress] = _askedFor.GetValueOrDefault(plan.Packet.TargetAddress) + 1;
        }

        while (_table.TryNextChange(out NeighborChange change))
        {
            Assert.True(_askedFor.Remove(change.Address, out int asked), "A hop that nobody waits for was told of.");
            Assert.True(change.IsResolved || asked == Tries, $"Given up after {asked} tries.");
        }

        Assert.InRange(_table.Count, 0, _places);
        Assert.InRange(_table.PendingCount, 0, MostPending);
        Assert.Equal(_table.PendingCount, _askedFor.Count);
    }
}
