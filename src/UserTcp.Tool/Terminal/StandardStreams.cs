using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace UserTcp.Tool.Terminal;

/// <summary>The streams that the shell gave to the process, or did not.</summary>
internal static class StandardStreams
{
    private const int Input = 0;
    private const int Output = 1;
    private const int Error = 2;

    // The same on Linux and macOS.
    private const int GetDescriptorFlags = 1;
    private const int CloseOnExec = 1;

    /// <summary>Ends at once where the shell closed it (<c>&lt;&amp;-</c>).</summary>
    public static Stream OpenInput() => IsGiven(Input) ? Console.OpenStandardInput() : Stream.Null;

    /// <summary>The standard output, whose failures are exceptions.</summary>
    public static Stream OpenOutput()
    {
        if (!IsGiven(Output))
            return new ClosedStream();

        return (OperatingSystem.IsWindows() ? null : OpenPipe(new SafeFileHandle(Output, ownsHandle: false)))
            ?? Console.OpenStandardOutput();
    }

    /// <summary>
    /// What is no file: .NET's stream of the console takes for success that nobody reads a pipe, and the command would
    /// never end. Null for a file, whose one position is shared with others (<c>2&gt;&amp;1</c>), which only the
    /// console's stream respects.
    /// </summary>
    public static Stream? OpenPipe(SafeFileHandle handle)
    {
        var stream = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? null : stream;
    }

    /// <summary>The standard error. What cannot be written there can be told nowhere.</summary>
    public static TextWriter OpenError()
    {
        if (!IsGiven(Error))
            return TextWriter.Null;

        return Console.IsErrorRedirected
            ? new OutputWatch().WriteTo(Console.OpenStandardError(), Console.Error.Encoding)
            : Console.Error;
    }

    // A descriptor that the shell closed is soon one of the runtime's own files, and those are not inherited.
    private static bool IsGiven(int descriptor) => OperatingSystem.IsWindows()
        || (Fcntl(descriptor, GetDescriptorFlags) is var flags && flags >= 0 && (flags & CloseOnExec) == 0);

    [DllImport("libc", EntryPoint = "fcntl")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Fcntl(int descriptor, int command);

    private sealed class ClosedStream : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw Closed();

        public override void Write(ReadOnlySpan<byte> buffer) => throw Closed();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
            ValueTask.FromException(Closed());

        private static IOException Closed() => new("The standard output is closed.");
    }
}
