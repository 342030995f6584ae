using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace UserTcp.Runtime;

/// <summary>Something for which bits are posted to a <see cref="CombiningLock{TSteps}"/>.</summary>
internal abstract class MailNode
{
    /// <summary>What is posted for it and was not taken.</summary>
    internal int Mail;

    /// <summary>The one that was put in before it.</summary>
    internal MailNode? Below;
}

/// <summary>
/// The steps of the lock, each of which is one access to what threads share. A test decides which thread takes the
/// next.
/// </summary>
internal interface ILockSteps
{
    /// <summary>The named step comes next; it depends on a value that the thread has read before.</summary>
    void Next(string step, long value = 0);

    /// <summary>Waits for the lock.</summary>
    void Enter(Lock gate);
}

/// <summary>Threads run as they like.</summary>
internal readonly struct FreeSteps : ILockSteps
{
    public void Next(string step, long value = 0)
    {
    }

    public void Enter(Lock gate) => gate.Enter();
}

/// <summary>
/// A lock that takes work over in place of making threads wait (flat combining). A thread posts bits for a node, and
/// enters if the lock is free. If it is not, the thread inside takes what was posted. Threads that must enter wait, and
/// nobody overtakes them by a post.
/// </summary>
/// <remarks>
/// Nothing that was posted is forgotten. A thread that posts looks afterwards whether the lock is free and whether
/// somebody waits. A thread that leaves looks afterwards whether something was posted (<see cref="TryReturn"/>). A
/// thread that waits says so before, and looks for posts inside. Between the two acts lies a full fence each time, so
/// that one of two sees the other.
/// <para>
/// A node is in the mailbox, or with the holder, exactly as long as something is posted for it. The holder reads the
/// node's link before it takes the bits: from then on the node may be put in again.
/// </para>
/// </remarks>
internal sealed class CombiningLock<TSteps>(TSteps steps)
    where TSteps : ILockSteps
{
    private readonly Lock _lock = new();
    private int _waiting;
    private MailNode? _last;

    // Taken from the mailbox, in the order of arrival. The holder's own, but for a look at whether it is null.
    private MailNode? _first;

    /// <summary>How many threads wait to enter.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Posts bits for a node. Never waits.</summary>
    /// <returns>Whether this thread is inside now, to take what is posted.</returns>
    public bool Post(MailNode node, int bits)
    {
        Debug.Assert(!_lock.IsHeldByCurrentThread, "A thread inside the lock must not post.");
        Leave(node, bits);
        return TryEnterUnlessAwaited();
    }

    /// <summary>Posts bits for a node, and relies on somebody who will enter.</summary>
    public void Leave(MailNode node, int bits)
    {
        steps.Next("post");
        if (Interlocked.Or(ref node.Mail, bits) == 0)
            Put(node);
    }

    /// <summary>Waits until this thread is inside.</summary>
    /// <param name="onInterrupted">
    /// Called if the wait is interrupted: others may have relied on this thread to take what they posted.
    /// </param>
    public void Enter(Action onInterrupted)
    {
        Debug.Assert(!_lock.IsHeldByCurrentThread, "A thread must not enter twice.");
        steps.Next("enter");
        if (!_lock.TryEnter())
            Wait(onInterrupted);
    }

    /// <summary>Takes one node and what is posted for it, in the order of arrival. The thread inside only.</summary>
    public bool TryTake([NotNullWhen(true)] out MailNode? node, out int bits)
    {
        if (_first is null)
        {
            steps.Next("take all");
            Volatile.Write(ref _first, Reverse(Interlocked.Exchange(ref _last, null)));
        }

        node = _first;
        bits = 0;
        if (node is null)
            return false;

        Volatile.Write(ref _first, node.Below);
        node.Below = null;
        steps.Next("take bits");
        bits = Interlocked.Exchange(ref node.Mail, 0);
        return true;
    }

    /// <summary>Leaves. Afterwards the thread must ask <see cref="HasMail"/> or <see cref="TryReturn"/>.</summary>
    public void Exit()
    {
        steps.Next("exit");
        _lock.Exit();
    }

    /// <summary>After <see cref="Exit"/>: whether something is posted that nobody else will take.</summary>
    public bool HasMail()
    {
        Interlocked.MemoryBarrier();
        steps.Next("look for mail");
        if (Volatile.Read(ref _first) is null && Volatile.Read(ref _last) is null)
            return false;

        steps.Next("look for waiters");
        return Waiting == 0;
    }

    /// <summary>After <see cref="Exit"/>: enters again if something is posted that nobody else will take.</summary>
    public bool TryReturn() => HasMail() && TryEnter();

    private void Put(MailNode node)
    {
        steps.Next("read the last");
        MailNode? last = Volatile.Read(ref _last);
        while (true)
        {
            node.Below = last;
            steps.Next("put");
            MailNode? seen = Interlocked.CompareExchange(ref _last, node, last);
            if (ReferenceEquals(seen, last))
                return;
            last = seen;
        }
    }

    private bool TryEnterUnlessAwaited()
    {
        steps.Next("look who waits");
        return Waiting == 0 && TryEnter();
    }

    private bool TryEnter()
    {
        steps.Next("try");
        return _lock.TryEnter();
    }

    private void Wait(Action onInterrupted)
    {
        steps.Next("wait");
        Interlocked.Increment(ref _waiting);
        bool isIn = false;
        try
        {
            steps.Enter(_lock);
            isIn = true;
        }
        finally
        {
            steps.Next("wait no longer");
            Interlocked.Decrement(ref _waiting);
            if (!isIn)
                onInterrupted();
        }
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
