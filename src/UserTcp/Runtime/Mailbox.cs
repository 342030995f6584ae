namespace UserTcp.Runtime;

/// <summary>Something that may lie in a <see cref="Mailbox"/>, once at a time.</summary>
internal abstract class MailNode
{
    private int _mail;

    /// <summary>The one that was posted before it.</summary>
    internal MailNode? Below { get; set; }

    /// <summary>Adds to what is posted.</summary>
    /// <returns>Whether the node is to be put into the mailbox: nothing was posted before.</returns>
    internal bool Add(int bits) => Interlocked.Or(ref _mail, bits) == 0;

    /// <summary>Takes what was posted.</summary>
    internal int Take() => Interlocked.Exchange(ref _mail, 0);
}

/// <summary>
/// What threads that found the door shut ask of the thread inside: many put in, the holder of the door takes out. It
/// never waits and never allocates.
/// </summary>
/// <remarks>
/// A node is in the mailbox, or with the holder, exactly as long as something is posted that the holder has not taken.
/// The holder reads the link of a node before it takes what was posted: from then on the node may be put in again.
/// </remarks>
internal sealed class Mailbox
{
    private MailNode? _last;

    // In the order of arrival. The holder's own.
    private MailNode? _first;

    /// <summary>Whether something is in it; for the holder.</summary>
    public bool HasMail => _first is not null || Volatile.Read(ref _last) is not null;

    /// <summary>Posts bits for a node. Any thread.</summary>
    public void Post(MailNode node, int bits)
    {
        if (!node.Add(bits))
            return;

        MailNode? last = Volatile.Read(ref _last);
        while (true)
        {
            node.Below = last;
            MailNode? seen = Interlocked.CompareExchange(ref _last, node, last);
            if (ReferenceEquals(seen, last))
                return;
            last = seen;
        }
    }

    /// <summary>Takes one node and what was posted for it, in the order of arrival. The holder only.</summary>
    public bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out MailNode? node, out int bits)
    {
        _first ??= Reverse(Interlocked.Exchange(ref _last, null));
        node = _first;
        bits = 0;
        if (node is null)
            return false;

        _first = node.Below;
        node.Below = null;
        bits = node.Take();
        return true;
    }

    private static MailNode? Reverse(MailNode? node)
    {
        MailNode? first = null;
        while (node is not null)
        {
            (node.Below, first, node) = (first, node, node.Below);
        }

        return first;
    }
}
