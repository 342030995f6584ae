namespace UserTcp.Tool.Perf;

/// <summary>How many bytes all streams are to transfer together. Thread-safe.</summary>
/// <param name="bytes">So many; 0 for no limit.</param>
internal sealed class PerfGoal(long bytes)
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _done;

    /// <summary>Completes when it is reached, or when a stream ended by itself.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Counts bytes.</summary>
    /// <returns>Whether more are wanted.</returns>
    public bool Add(long count)
    {
        if (bytes == 0 || Interlocked.Add(ref _done, count) < bytes)
            return true;

        _reached.TrySetResult();
        return false;
    }

    /// <summary>There will be no more.</summary>
    public void Fail(Exception error) => _reached.TrySetException(error);
}
