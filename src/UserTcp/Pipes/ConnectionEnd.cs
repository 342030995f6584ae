namespace UserTcp.Pipes;

/// <summary>
/// How a connection ends for its application: one record, which the connection owns and both pipe halves ask. Each fact
/// is settled by one exchange of a word, and the first end counts. Thread-safe; not to be copied.
/// </summary>
internal struct ConnectionEnd
{
    private const int AbortAsked = 1;
    private const int LetGo = 2;
    private const int Disposed = 4;
    private const int OutputTaken = 8;
    private const int ReasonShift = 8;

    /// <summary>No cause was given before the end: later ones do not count.</summary>
    private static readonly Exception s_none = new InvalidOperationException("Never thrown.");

    // The facts, and above them the reason.
    private int _word;
    private Exception? _cause;

    /// <summary>Why the connection ended; none while it lives.</summary>
    public UserTcpCloseReason Reason => (UserTcpCloseReason)(Volatile.Read(ref _word) >> ReasonShift);

    /// <summary>The exception that the application gave to abort; null if it gave none, or another end was first.</summary>
    public Exception? Cause =>
        Reason == UserTcpCloseReason.ResetByLocal && !ReferenceEquals(_cause, s_none) ? _cause : null;

    /// <summary>Whether the application has let go of the connection, before or after its end.</summary>
    public bool IsLetGo => Has(LetGo);

    /// <summary>
    /// Whether the connection was disposed of before it ended, and before an abort was asked for: that is what pending
    /// operations then say.
    /// </summary>
    public bool IsByDisposal => Has(Disposed);

    /// <summary>Whether the connection, or its stack, was disposed of before the connection ended.</summary>
    public bool IsOutputByDisposal => Has(Disposed | OutputTaken);

    /// <summary>The application gives a reason to abort; the first one counts.</summary>
    public void OfferCause(Exception? cause) => Interlocked.CompareExchange(ref _cause, cause, null);

    /// <summary>An abort is on its way, and its reason is what pending operations give.</summary>
    public void AskAbort() => Interlocked.Or(ref _word, AbortAsked);

    /// <summary>The application lets go of the connection.</summary>
    public void OnLetGo() => Add(LetGo, ifAlive: Disposed, unless: AbortAsked);

    /// <summary>The stack ends the output in place of the application.</summary>
    public void OnOutputTaken() => Add(0, ifAlive: OutputTaken, unless: 0);

    /// <summary>The connection is over.</summary>
    /// <returns>False if it was over before.</returns>
    public bool TryEnd(UserTcpCloseReason reason)
    {
        if (Reason != UserTcpCloseReason.None)
            return false;

        Interlocked.CompareExchange(ref _cause, s_none, null);
        Interlocked.Or(ref _word, (int)reason << ReasonShift);
        return true;
    }

    private bool Has(int facts) => (Volatile.Read(ref _word) & facts) != 0;

    private void Add(int facts, int ifAlive, int unless)
    {
        int word = Volatile.Read(ref _word);
        while (true)
        {
            bool isAlive = word >> ReasonShift == 0 && (word & unless) == 0;
            int added = word | facts | (isAlive ? ifAlive : 0);
            int seen = Interlocked.CompareExchange(ref _word, added, word);
            if (seen == word)
                return;
            word = seen;
        }
    }
}
