using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Tests.Stack;

public class ListenTableTests
{
    private static readonly HostAddress s_one = HostAddress.FromV4(0x0a000001);
    private static readonly HostAddress s_two = HostAddress.FromV4(0x0a000002);

    private readonly ListenTable _table = new();

    private StackListener Add(ListenMode mode, ushort port, HostAddress address = default)
    {
        var call = new ListenCall { Mode = mode, Address = address, Port = port };
        var listener = new StackListener(ListenTable.KeyFor(call, port), call);
        Assert.True(_table.TryAdd(listener));
        return listener;
    }

    [Fact]
    public void A_specific_address_beats_all_own_addresses_and_these_beat_any_address()
    {
        StackListener every = Add(ListenMode.AnyAddress, 0);
        StackListener any = Add(ListenMode.AnyAddress, 80);
        StackListener own = Add(ListenMode.OwnAddresses, 80);
        StackListener one = Add(ListenMode.OneAddress, 80, s_one);
        Assert.Same(one, _table.Find(s_one, 80, isOwnAddress: true));
        Assert.Same(own, _table.Find(s_two, 80, isOwnAddress: true));
        Assert.Same(any, _table.Find(s_two, 80, isOwnAddress: false));
        Assert.Same(every, _table.Find(s_two, 81, isOwnAddress: false));
        Assert.Same(every, _table.Find(s_one, 81, isOwnAddress: true));
    }

    [Fact]
    public void Addresses_that_are_not_ours_reach_an_any_address_listener_only()
    {
        Add(ListenMode.OwnAddresses, 80);
        Assert.Null(_table.Find(s_two, 80, isOwnAddress: false));
        Assert.False(_table.HasAnyAddressListener);
        Add(ListenMode.AnyAddress, 443);
        Assert.True(_table.HasAnyAddressListener);
        Assert.Null(_table.Find(s_two, 80, isOwnAddress: false));
    }

    [Fact]
    public void The_same_address_and_port_cannot_be_listened_on_twice_until_it_is_free_again()
    {
        StackListener first = Add(ListenMode.OwnAddresses, 80);
        var call = new ListenCall { Mode = ListenMode.OwnAddresses, Port = 80 };
        var second = new StackListener(ListenTable.KeyFor(call, 80), call);
        Assert.False(_table.TryAdd(second));
        _table.Remove(second);
        Assert.Same(first, _table.Find(s_one, 80, isOwnAddress: true));
        _table.Remove(first);
        Assert.True(_table.TryAdd(second));
        Assert.Equal([second], _table.All);
    }

    [Fact]
    public void A_port_is_bound_by_its_address_or_by_all()
    {
        Add(ListenMode.OneAddress, 80, s_one);
        Add(ListenMode.OwnAddresses, 90);
        Assert.True(_table.IsPortBound(s_one, 80));
        Assert.False(_table.IsPortBound(s_two, 80));
        Assert.True(_table.IsPortBound(s_two, 90));
    }
}
