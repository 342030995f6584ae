using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Tests.Stack;

public class ParkedConnectionsTests
{
    private readonly ParkedConnections _parked = new();

    [Fact]
    public void Each_hop_has_its_own_line_in_the_order_of_arrival()
    {
        StackConnection first = Parked(1, hop: 7), other = Parked(2, hop: 8), second = Parked(3, hop: 7);

        Assert.Same(first, _parked.FirstFor(Hop(7)));
        Assert.Same(other, _parked.FirstFor(Hop(8)));
        Assert.Null(_parked.FirstFor(Hop(9)));

        _parked.Remove(first);
        Assert.Same(second, _parked.FirstFor(Hop(7)));
        Assert.Equal((2, false), (_parked.Count, first.IsParked));

        _parked.Remove(first);
        _parked.Remove(second);
        Assert.Null(_parked.FirstFor(Hop(7)));
        Assert.Equal(1, _parked.Count);
    }

    [Fact]
    public void A_line_that_is_empty_serves_another_hop()
    {
        for (int round = 0; round < 100; round++)
        {
            StackConnection connection = Parked(round, round);
            Assert.Same(connection, _parked.FirstFor(Hop(round)));
            _parked.Remove(connection);
        }

        Assert.Equal(0, _parked.Count);
    }

    private static HostAddress Hop(int n) => HostAddress.FromV4(0x0a000000 + (uint)n);

    private StackConnection Parked(int id, int hop)
    {
        var connection = new StackConnection(id, default, 0)
        {
            Tcb = null!,
            NextHop = Hop(hop),
            IsLooped = false,
            IsForeign = false,
        };
        _parked.Add(connection);
        return connection;
    }
}
