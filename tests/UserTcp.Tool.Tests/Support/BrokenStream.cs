namespace UserTcp.Tool.Tests.Support;

/// <summary>A stream whose reads and writes fail, as those of the operating system do.</summary>
/// <param name="failure">The number of the error.</param>
/// <param name="after">The bytes that can be written before.</param>
internal sealed class BrokenStream(int failure, int after = 0) : MemoryStream
{
    /// <summary>EPIPE.</summary>
    public const int BrokenPipe = 32;

    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when something could be written.</summary>
    public Task Written => _written.Task;

    public override int Read(Span<byte> buffer) => throw Failure();

    public override int Read(byte[] buffer, int offset, int count) => throw Failure();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromException<int>(Failure());

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromException<int>(Failure());

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Length + buffer.Length > after)
            throw Failure();
        base.Write(buffer.ToArray(), 0, buffer.Length);
        _written.TrySetResult();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    private IOException Failure() => new("It failed.", failure);
}

/// <summary>An input that says nothing and does not end, such as a terminal that nobody types at.</summary>
internal sealed class EndlessSilence : MemoryStream
{
    public override async ValueTask<int> ReadAsync(
        Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return 0;
    }
}
