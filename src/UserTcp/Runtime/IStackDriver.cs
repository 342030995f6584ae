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

    /// <summary>
    /// Whether a caller is to find the door taken, as if another thread were inside: what it posts is served at the
    /// next turn. Asked at each post.
    /// </summary>
    bool RefusesEntry => false;

    /// <summary>Does something as soon as no code of the application runs.</summary>
    void Defer(Action<object?> action, object? state);
}

/// <summary>Where cancellations run, with a driver or without.</summary>
internal static class Cancellations
{
    extension(IStackDriver? driver)
    {
        /// <summary>
        /// A token that the driver cancels after the caller's token: the cancelled operation then resumes there, and
        /// not inside the caller's <c>Cancel</c>. Without a driver, the caller's token.
        /// </summary>
        public CancellationToken Deferred(CancellationToken token)
        {
            if (driver is null || !token.CanBeCanceled)
                return token;

            var deferred = new CancellationTokenSource();
            token.UnsafeRegister(
                _ => driver.Defer(static source => ((CancellationTokenSource)source!).Cancel(), deferred), null);
            return deferred.Token;
        }

        /// <summary>Handlers of a token are the application's: they run where its code runs, and never here.</summary>
        public void CancelForApplication(CancellationTokenSource source)
        {
            if (driver is null)
                ThreadPool.UnsafeQueueUserWorkItem(static state => state.Cancel(), source, preferLocal: false);
            else
                driver.Defer(static state => ((CancellationTokenSource)state!).Cancel(), source);
        }
    }
}
