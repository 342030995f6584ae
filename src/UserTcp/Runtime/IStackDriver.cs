namespace UserTcp.Runtime;

/// <summary>
/// Turns stacks by hand, all in one thread, where a stack on its own has a thread for it: a simulator. Wake-ups,
/// timers and cancellations then happen between two pieces of the application's code, never inside one, and nothing is
/// handed to the thread pool.
/// </summary>
internal interface IStackDriver
{
    /// <summary>A stack has started: it lives by the turns that it is given from now on.</summary>
    void Attach(RunningStack stack);

    /// <summary>A stack has ended; it is turned no more.</summary>
    void Detach(RunningStack stack);

    /// <summary>Does something as soon as no code of the application runs.</summary>
    void Defer(Action<object?> action, object? state);
}
