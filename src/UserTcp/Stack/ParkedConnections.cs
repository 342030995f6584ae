using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>
/// The connections that wait for their next hop, by hop: what is learned of one hop costs nothing for those that wait
/// for others.
/// </summary>
internal sealed class ParkedConnections
{
    private readonly Dictionary<HostAddress, DirtyList> _byHop = [];
    private readonly Stack<DirtyList> _spare = new();

    public int Count { get; private set; }

    public void Add(StackConnection connection)
    {
        if (!_byHop.TryGetValue(connection.NextHop, out DirtyList? list))
        {
            list = _spare.Count > 0 ? _spare.Pop() : new DirtyList();
            _byHop.Add(connection.NextHop, list);
        }

        list.Add(connection);
        connection.IsParked = true;
        Count++;
    }

    /// <summary>Takes the connection out, if it is here.</summary>
    public void Remove(StackConnection connection)
    {
        if (!connection.IsParked || !_byHop.TryGetValue(connection.NextHop, out DirtyList? list))
            return;

        list.Remove(connection);
        connection.IsParked = false;
        Count--;
        if (list.Count > 0)
            return;

        _byHop.Remove(connection.NextHop);
        _spare.Push(list);
    }

    /// <summary>The connection that has waited longest for this hop; null if none does.</summary>
    public StackConnection? FirstFor(HostAddress nextHop) =>
        _byHop.TryGetValue(nextHop, out DirtyList? list) ? list.First : null;
}
