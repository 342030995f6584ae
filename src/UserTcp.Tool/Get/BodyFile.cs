namespace UserTcp.Tool.Get;

/// <summary>Where a body goes. The file is made when the body is known to come.</summary>
/// <param name="path">The file; null or "-" for the standard output.</param>
/// <param name="output">The standard output; null to drop what would go there.</param>
/// <param name="resumeAt">The bytes of the file that stay.</param>
internal sealed class BodyFile(string? path, Stream? output, long resumeAt) : IAsyncDisposable
{
    private FileStream? _file;
    private long _start;

    public bool IsFile => path is not (null or "-");

    /// <summary>Opens the file, or goes on with it. A new attempt drops the bytes of those before it.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    public void Open(bool isNewAttempt)
    {
        if (!IsFile)
            return;

        try
        {
            if (_file is null)
            {
                // Without a buffer of its own, which would fail as late as when it is closed.
                FileMode mode = resumeAt > 0 ? FileMode.Append : FileMode.Create;
                _file = new FileStream(path!, mode, FileAccess.Write, FileShare.Read, bufferSize: 0);
                _start = _file.CanSeek ? _file.Length : 0;
            }
            else if (isNewAttempt && _file.CanSeek && _file.Length > _start)
            {
                _file.SetLength(_start);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ToolException(
                Failure.Write, $"'{path}' cannot be written: {ToolException.WordsOf(error)}", error);
        }
    }

    /// <exception cref="ToolException">It cannot be written.</exception>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if ((IsFile ? _file : output) is not { } destination)
            return;

        try
        {
            // Writes to pipes and files block, whatever the token says.
            await destination.WriteAsync(bytes, cancellationToken).AsTask().WaitAsync(cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Write, $"The body cannot be written: {error.Message}", error);
        }
    }

    public ValueTask DisposeAsync() => _file?.DisposeAsync() ?? ValueTask.CompletedTask;
}
