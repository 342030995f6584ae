using UserTcp.Stack;

namespace UserTcp.Tests.Stack;

public class DirtyListTests
{
    private readonly DirtyList _list = new();
    private readonly StackConnection[] _connections =
        [.. Enumerable.Range(1, 4).Select(Make)];

    // The list looks at nothing but its own links.
    private static StackConnection Make(int id) => new(id, default, 0)
    {
        Tcb = null!,
        NextHop = default,
        IsLooped = false,
        IsForeign = false,
    };

    private long[] Drain()
    {
        var ids = new List<long>();
        while (_list.First is { } first)
        {
            ids.Add(first.Id);
            _list.Remove(first);
        }

        return [.. ids];
    }

    [Fact]
    public void Keeps_the_order_in_which_connections_came_and_each_once()
    {
        _list.Add(_connections[1]);
        _list.Add(_connections[0]);
        _list.Add(_connections[1]);
        _list.Add(_connections[2]);
        Assert.Equal(3, _list.Count);
        Assert.Equal([2, 1, 3], Drain());
        Assert.Equal(0, _list.Count);
    }

    [Fact]
    public void Who_used_up_its_turn_goes_to_the_end()
    {
        foreach (StackConnection connection in _connections)
        {
            _list.Add(connection);
        }

        _list.Remove(_connections[0]);
        _list.Add(_connections[0]);
        Assert.Equal([2, 3, 4, 1], Drain());
    }

    [Theory]
    [InlineData(0, new long[] { 2, 3, 4 })]
    [InlineData(1, new long[] { 1, 3, 4 })]
    [InlineData(3, new long[] { 1, 2, 3 })]
    public void Any_may_leave(int index, long[] left)
    {
        foreach (StackConnection connection in _connections)
        {
            _list.Add(connection);
        }

        _list.Remove(_connections[index]);
        _list.Remove(_connections[index]);
        Assert.Equal(left, Drain());
    }
}
