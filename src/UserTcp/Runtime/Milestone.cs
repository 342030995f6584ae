namespace UserTcp.Runtime;

/// <summary>
/// Something that happens once in a connection's life. There is a task for it only if somebody asked: most connections
/// idle along without a question. Thread-safe; not to be copied.
/// </summary>
internal struct Milestone<T>
{
    private TaskCompletionSource<T>? _source;

    /// <summary>Completes with what was reached; always the same task.</summary>
    /// <param name="options">How it runs its continuations.</param>
    public Task<T> Task(TaskCreationOptions options) => Source(options).Task;

    /// <summary>It is reached; what came first stands.</summary>
    public void Reach(T result, TaskCreationOptions options) => Source(options).TrySetResult(result);

    /// <summary>
    /// As <see cref="Reach(T, TaskCreationOptions)"/>, with an answer that all share: who asked before has a task of
    /// its own, and nobody else needs one.
    /// </summary>
    public void Reach(TaskCompletionSource<T> shared)
    {
        TaskCompletionSource<T>? asked = Interlocked.CompareExchange(ref _source, shared, null);
        if (asked is not null && asked.TrySetResult(shared.Task.Result))
            Volatile.Write(ref _source, shared);
    }

    private TaskCompletionSource<T> Source(TaskCreationOptions options)
    {
        if (Volatile.Read(ref _source) is { } known)
            return known;

        var made = new TaskCompletionSource<T>(options);
        return Interlocked.CompareExchange(ref _source, made, null) ?? made;
    }
}
