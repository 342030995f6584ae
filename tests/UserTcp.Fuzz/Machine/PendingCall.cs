namespace UserTcp.Fuzz.Machine;

/// <summary>Something that the application waits for, and may give up.</summary>
internal sealed class PendingCall(Task task, CancellationTokenSource? cancellation, Action<Task> use) : IDisposable
{
    public Task Task => task;

    public bool IsCancelled { get; private set; }

    public void Cancel()
    {
        IsCancelled = cancellation is not null;
        cancellation?.Cancel();
    }

    /// <summary>The task has ended.</summary>
    public void Use() => use(task);

    public void Dispose() => cancellation?.Dispose();
}
