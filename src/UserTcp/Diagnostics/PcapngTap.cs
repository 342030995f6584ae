using System.Text;
using UserTcp.Links;

namespace UserTcp.Diagnostics;

/// <summary>
/// Writes the frames of one or several stacks as pcapng, to a file, to files that follow each other by size, or to a
/// stream: <c>stack.AddTap(PcapngTap.Create("trace.pcapng"))</c>. Each link is an interface of the file.
/// </summary>
/// <remarks>
/// Frames are written by the threads that carry them, through a buffer of 256 KiB; <see cref="Flush"/> makes the file
/// readable while it grows. If writing fails, recording stops, traffic goes on, and <see cref="Failure"/> says why.
/// Dispose of it after it was taken from its stacks, or after them. Thread-safe.
/// </remarks>
public sealed class PcapngTap : IPacketTap, IDisposable
{
    private const uint Inbound = 1;
    private const uint Outbound = 2;

    private static readonly byte[][] s_reasons =
        [.. Enum.GetNames<PacketDropReason>().Select(name => Encoding.UTF8.GetBytes($"dropped: {name}"))];

    private readonly Lock _writing = new();
    private readonly PcapngTapOptions _options;
    private readonly PcapngFiles? _files;
    private readonly List<LinkInfo> _interfaces = [];
    private Stream _stream;
    private PcapngWriter _writer;
    private Exception? _failure;
    private bool _isClosed;

    /// <summary>Records to a stream.</summary>
    /// <param name="stream">A writable stream; disposed of with the tap unless the options say otherwise.</param>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <exception cref="ArgumentException">The stream cannot be written to.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public PcapngTap(Stream stream, PcapngTapOptions? options = null)
        : this(stream, null, (options ?? new PcapngTapOptions()).Check())
    {
    }

    private PcapngTap(Stream stream, PcapngFiles? files, PcapngTapOptions options)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanWrite)
            throw new ArgumentException("The stream cannot be written to.", nameof(stream));

        _files = files;
        _options = options;
        _stream = stream;
        _writer = Begin(stream);
    }

    /// <summary>Why recording stopped; null as long as all is well.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>
    /// Records to a file, which is created or overwritten. With <see cref="PcapngTapOptions.MaxFileBytes"/> the files
    /// are numbered: <c>trace.00001.pcapng</c>, <c>trace.00002.pcapng</c>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <returns>A tap, which the caller has to dispose of.</returns>
    /// <exception cref="IOException">The file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be created.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static PcapngTap Create(string path, PcapngTapOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        PcapngTapOptions checkedOptions = (options ?? new PcapngTapOptions()).Check();
        checkedOptions.LeaveOpen = false;
        var files = new PcapngFiles(path, checkedOptions.MaxFileBytes is not null, checkedOptions.MaxFiles);
        return new PcapngTap(files.Next(), files, checkedOptions);
    }

    /// <inheritdoc/>
    public void OnPacket(in PacketTapContext packet)
    {
        lock (_writing)
        {
            if (_isClosed || _failure is not null)
                return;

            try
            {
                Write(packet);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
            {
                _failure = e;
            }
        }
    }

    /// <summary>Writes what is buffered.</summary>
    public void Flush()
    {
        lock (_writing)
        {
            if (!_isClosed)
                FlushWriter();
        }
    }

    /// <summary>Writes what is buffered and closes the file. Idempotent.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            if (_isClosed)
                return;

            _isClosed = true;
            FlushWriter();
            if (!_options.LeaveOpen)
                _stream.Dispose();
        }
    }

    private static PcapngWriter Begin(Stream stream)
    {
        var writer = new PcapngWriter(stream);
        writer.WriteSection();
        return writer;
    }

    private void Write(in PacketTapContext packet)
    {
        ReadOnlySpan<byte> frame = packet.Frame[..Math.Min(packet.Frame.Length, _options.MaxFrameBytes)];
        ReadOnlySpan<byte> comment = _options.IncludeDropReasons && packet.DropReason != PacketDropReason.None
            ? s_reasons[(int)packet.DropReason]
            : default;
        if (!TryRotate(PcapngWriter.PacketBlockBytes(frame.Length) + PcapngWriter.CommentBytes(comment)))
            return;

        int number = InterfaceOf(packet.Link);
        frame.CopyTo(_writer.BeginPacket(frame.Length, comment));
        uint direction = packet.Direction == PacketDirection.Received ? Inbound : Outbound;
        long stamp = (packet.Timestamp - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        _writer.EndPacket(frame.Length, packet.Frame.Length, stamp, direction, number, comment);
    }

    private bool TryRotate(int bytes)
    {
        if (_options.MaxFileBytes is not long limit || _writer.Length + bytes <= limit)
            return true;

        _writer.Flush();
        if (_files is null)
        {
            _failure = new IOException(
                $"The recording has reached its limit of {limit:N0} bytes (PcapngTapOptions.MaxFileBytes).");
            return false;
        }

        _stream.Dispose();
        _stream = _files.Next();
        _interfaces.Clear();
        _writer = Begin(_stream);
        return true;
    }

    private int InterfaceOf(LinkInfo link)
    {
        for (int i = 0; i < _interfaces.Count; i++)
        {
            if (ReferenceEquals(_interfaces[i], link))
                return i;
        }

        _writer.WriteInterface(link.Medium, link.Name, _options.MaxFrameBytes);
        _interfaces.Add(link);
        return _interfaces.Count - 1;
    }

    private void FlushWriter()
    {
        if (_failure is not null)
            return;

        try
        {
            _writer.Flush();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            _failure = e;
        }
    }
}
