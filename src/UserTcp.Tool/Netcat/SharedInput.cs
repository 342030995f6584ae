namespace UserTcp.Tool.Netcat;

/// <summary>
/// The standard input for one connection after the other. A read that a connection does not wait for any more is of the
/// next one: a terminal's read cannot be cancelled, and nothing of the input may be lost.
/// </summary>
internal sealed class SharedInput(Stream input)
{
    private const int BufferBytes = 64 * 1024;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private Task<int>? _reading;

    /// <summary>Waits for a piece of the input.</summary>
    /// <param name="cancellationToken">Leaves the read to the next caller.</param>
    /// <returns>The piece, valid until the next call; empty at the end of the input.</returns>
    /// <exception cref="ToolException">The input cannot be read.</exception>
    public async Task<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken)
    {
        // On a thread of its own: reads of the console block.
        _reading ??= Task.Run(() => input.ReadAsync(_buffer, CancellationToken.None).AsTask(), CancellationToken.None);
        try
        {
            int count = await _reading.WaitAsync(cancellationToken);
            if (count > 0)
                _reading = null; // at the end, it stays the answer to all
            return _buffer.AsMemory(0, count);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Read, $"The standard input cannot be read: {error.Message}", error);
        }
    }
}
