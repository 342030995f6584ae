namespace HttpGet;

/// <summary>
/// The file or the standard output that gets the body. The file is made when the body is known to come.
/// </summary>
internal sealed class BodyDestination(string? path, Stream standardOutput) : IAsyncDisposable
{
    private FileStream? _file;

    /// <exception cref="GetException">The file cannot be written.</exception>
    public Stream Open()
    {
        if (path is null)
            return standardOutput;

        try
        {
            // No buffer of its own: a full disk shows at the write that hits it, and closing has nothing left to write.
            return _file = new FileStream(
                path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0, useAsync: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new GetException(ExitCode.CannotWrite, $"The body cannot be written: {error.Message}", error);
        }
    }

    /// <summary>Closes the file.</summary>
    public ValueTask DisposeAsync() => _file?.DisposeAsync() ?? ValueTask.CompletedTask;
}
