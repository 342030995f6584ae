namespace UserTcp.Tool.Perf;

/// <summary>How many bytes all streams are to transfer together. Thread-safe.</summary>
/// <param name="bytes">So many; 0 for no limit.</param>
internal sealed class PerfGoal(long bytes)
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _done;
    private long _claimed;

    /// <summary>Completes when it is reached, or when a stream ended by itself.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Asks whether a sender may write a block: no more of them than are needed.</summary>
    public bool TryClaim(long count) => bytes == 0 || Interlocked.Add(ref _claimed, count) - count < bytes;

    /// <summary>Counts bytes that have passed.</summary>
    public void Add(long count)
    {
        if (bytes != 0 && Interlocked.Add(ref _done, count) >= bytes)
            _reached.TrySetResult();
    }

    /// <summary>There will be no more.</summary>
    public void Fail(Exception error) => _reached.TrySetException(error);
}
