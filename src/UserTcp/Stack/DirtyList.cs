using System.Diagnostics;

namespace UserTcp.Stack;

/// <summary>
/// Connections in the order in which they came, each at most once: those with something to send, or those that wait for
/// their next hop. Intrusive: a connection is in one such list at a time.
/// </summary>
internal sealed class DirtyList
{
    private StackConnection? _first;
    private StackConnection? _last;

    public int Count { get; private set; }

    public StackConnection? First => _first;

    /// <summary>Appends the connection, unless it is here already.</summary>
    public void Add(StackConnection connection)
    {
        if (ReferenceEquals(connection.List, this))
            return;
        Debug.Assert(connection.List is null, "A connection is dirty or parked, not both.");
        connection.List = this;
        connection.ListPrevious = _last;
        if (_last is null)
            _first = connection;
        else
            _last.ListNext = connection;
        _last = connection;
        Count++;
    }

    /// <summary>Takes the connection out, if it is here.</summary>
    public void Remove(StackConnection connection)
    {
        if (!ReferenceEquals(connection.List, this))
            return;
        if (connection.ListPrevious is { } previous)
            previous.ListNext = connection.ListNext;
        else
            _first = connection.ListNext;
        if (connection.ListNext is { } next)
            next.ListPrevious = connection.ListPrevious;
        else
            _last = connection.ListPrevious;
        connection.List = null;
        connection.ListNext = connection.ListPrevious = null;
        Count--;
    }
}
