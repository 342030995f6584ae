using System.Runtime.ExceptionServices;

namespace UserTcp.Runtime;

/// <summary>Why somebody is woken. One connection may have several reasons at once.</summary>
[Flags]
internal enum WakeReasons : ushort
{
    None = 0,
    Reader = 1 << 0,
    Writer = 1 << 1,
    Connected = 1 << 2,
    InputClosed = 1 << 3,
    OutputAcknowledged = 1 << 4,
    Closed = 1 << 5,
    Urgent = 1 << 6,
    Decided = 1 << 7,
    Observed = 1 << 8,
}

/// <summary>Somebody who waits for the stack.</summary>
internal interface IWakeTarget
{
    /// <summary>Completes the waits. Runs outside the door; user code may run inside, if inline is allowed.</summary>
    void Wake(WakeReasons reasons, bool inlineAllowed);
}

/// <summary>
/// The waiters that became ready during a visit, to be woken when the door is closed behind it (compute inside, run
/// outside). Filled under the door, then used by the leaving thread alone.
/// </summary>
internal sealed class WakeList
{
    private (IWakeTarget Target, WakeReasons Reasons)[] _items = new (IWakeTarget, WakeReasons)[16];
    private int _count;

    public bool IsEmpty => _count == 0;

    public void Add(IWakeTarget target, WakeReasons reasons)
    {
        if (_count == _items.Length)
            Array.Resize(ref _items, _count * 2);

        _items[_count++] = (target, reasons);
    }

    /// <summary>Leaves all of them to another list.</summary>
    public void MoveTo(WakeList other)
    {
        for (int i = 0; i < _count; i++)
        {
            other.Add(_items[i].Target, _items[i].Reasons);
        }

        Clear();
    }

    /// <summary>Wakes all, even if the application's scheduler throws; then throws what that threw first.</summary>
    public void WakeAll(bool inlineAllowed)
    {
        Exception? first = null;
        for (int i = 0; i < _count; i++)
        {
            (IWakeTarget target, WakeReasons reasons) = _items[i];
            try
            {
                target.Wake(reasons, inlineAllowed);
            }
            catch (Exception e)
            {
                first ??= e;
            }
        }

        Clear();
        if (first is not null)
            ExceptionDispatchInfo.Throw(first);
    }

    private void Clear()
    {
        Array.Clear(_items, 0, _count);
        _count = 0;
    }
}
