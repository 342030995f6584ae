namespace UserTcp.Tcp.Send;

/// <summary>
/// Revisions walk the flight. They are paid for with what was sent, so that a peer cannot have them for nothing.
/// </summary>
internal struct RevisionBudget
{
    private const int Most = 2 * Flight.MaxEntries;
    private const int First = 1024;

    private int _entries;

    public RevisionBudget() => _entries = First;

    /// <summary>New text left.</summary>
    public void OnSent() => _entries = Math.Min(_entries + 1, Most);

    /// <summary>Pays for a walk over so many entries, if there is enough for it.</summary>
    public bool TryPay(int entries)
    {
        if (_entries < entries)
            return false;

        _entries -= entries;
        return true;
    }
}
