namespace UserTcp.Links;

/// <summary>
/// Records the frames of a device, both directions, in a pcapng file that Wireshark and tshark read.
/// </summary>
/// <remarks>
/// <para>
/// Put it around the device that a stack is given. Super-segments are recorded as the one long frame that they are
/// there; to record what leaves the machine, put it below: <c>new SoftwareOffload(new CaptureLink(device, path))</c>.
/// Checksums that the device would finish are finished in the recorded copy, never in the frame, so that no tool
/// reports them as wrong. Frames that the device did not accept are not recorded.
/// </para>
/// <para>
/// Stamps are the wall clock when the capture was opened plus the monotonic time since: they never run backwards.
/// Frames are written by the threads that carry them, through a buffer of 256 KiB; call <see cref="Flush"/> to read
/// the file while it grows. If writing fails, capturing stops, traffic goes on, and <see cref="CaptureFailure"/> says
/// why.
/// </para>
/// <para>Owns the inner device. The threading rules are those of <see cref="LinkDevice"/>; <see cref="Flush"/> is
/// thread-safe.</para>
/// </remarks>
public sealed class CaptureLink : LinkDevice
{
    private const uint Inbound = 1;
    private const uint Outbound = 2;
    private const long NanosecondsPerSecond = 1_000_000_000;

    private readonly LinkDevice _inner;
    private readonly Stream _stream;
    private readonly PcapngWriter _writer;
    private readonly TimeProvider _time;
    private readonly bool _leaveOpen;
    private readonly int _maxFrameBytes;
    private readonly long _maxBytes;
    private readonly long _startStamp;
    private readonly long _startTime;
    private readonly Lock _writing = new();
    private volatile Exception? _failure;
    private volatile bool _isRecording = true;

    /// <summary>Captures to a file, which is created or overwritten.</summary>
    /// <param name="inner">The device; belongs to the capture from now on.</param>
    /// <param name="path">The file, by custom with the extension <c>.pcapng</c>.</param>
    /// <param name="options">How to record; null for the defaults.</param>
    /// <exception cref="IOException">The file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be created.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public CaptureLink(LinkDevice inner, string path, CaptureOptions? options = null)
        : this(inner, Create(inner, path, options), options)
    {
    }

    /// <summary>Captures to a stream.</summary>
    /// <param name="inner">The device; belongs to the capture from now on.</param>
    /// <param name="stream">A writable stream; disposed of with the link unless the options say otherwise.</param>
    /// <param name="options">How to record; null for the defaults.</param>
    /// <exception cref="ArgumentException">The stream cannot be written to.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    public CaptureLink(LinkDevice inner, Stream stream, CaptureOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanWrite)
            throw new ArgumentException("The stream cannot be written to.", nameof(stream));
        options ??= new CaptureOptions();
        options.Validate();
        _inner = inner;
        _stream = stream;
        _writer = new PcapngWriter(stream);
        _time = options.TimeProvider;
        _leaveOpen = options.LeaveOpen;
        _maxFrameBytes = options.MaxFrameBytes;
        _maxBytes = options.MaxBytes;
        _startTime = _time.GetTimestamp();
        _startStamp = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        _writer.WriteHead(inner.Info.Medium, inner.Info.Name, _maxFrameBytes);
    }

    /// <summary>Why capturing stopped while the link went on; null as long as all is well. Thread-safe.</summary>
    public Exception? CaptureFailure => _failure;

    /// <inheritdoc/>
    public override LinkInfo Info => _inner.Info;

    /// <inheritdoc/>
    public override LinkStatistics Statistics => _inner.Statistics;

    /// <inheritdoc/>
    public override void SetReceiveAddress(MacAddress address) => _inner.SetReceiveAddress(address);

    /// <inheritdoc/>
    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int first = batch.Count;
        int count = _inner.Receive(batch);
        if (count > 0 && _isRecording)
        {
            lock (_writing)
                RecordReceived(batch, first);
        }

        return count;
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<TxFrame> frames)
    {
        if (!_isRecording)
            return _inner.Transmit(frames);

        // Held while sending: an answer that arrives at once is still recorded behind what it answers.
        lock (_writing)
        {
            long stamp = Now();
            int count = _inner.Transmit(frames);
            RecordSent(frames[..count], stamp);
            return count;
        }
    }

    /// <inheritdoc/>
    public override bool Wait(TimeSpan timeout) => _inner.Wait(timeout);

    /// <inheritdoc/>
    public override void Wake() => _inner.Wake();

    /// <summary>Writes what is buffered to the file. Does nothing once capturing has stopped.</summary>
    public void Flush()
    {
        lock (_writing)
            FlushWriter();
    }

    /// <summary>Disposes of the inner device, then writes what is buffered and closes the file.</summary>
    public override void Dispose()
    {
        _inner.Dispose();
        lock (_writing)
        {
            FlushWriter();
            _isRecording = false;
            CloseStream();
        }
    }

    private static FileStream Create(LinkDevice inner, string path, CaptureOptions? options)
    {
        ArgumentNullException.ThrowIfNull(inner);
        options?.Validate();
        return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }

    private long Now()
    {
        Int128 elapsed = (Int128)(_time.GetTimestamp() - _startTime) * NanosecondsPerSecond / _time.TimestampFrequency;
        return _startStamp + (long)elapsed;
    }

    private void RecordReceived(RxBatch batch, int first)
    {
        long stamp = Now();
        for (int i = first; i < batch.Count && _isRecording; i++)
        {
            RxFrame frame = batch[i];
            if (TryBegin(frame.Bytes.Length, out Span<byte> room))
            {
                frame.Bytes.CopyTo(room);
                End(room, room.Length, frame.Offload, stamp, Inbound);
            }
        }
    }

    private void RecordSent(ReadOnlySpan<TxFrame> frames, long stamp)
    {
        for (int i = 0; i < frames.Length && _isRecording; i++)
        {
            ref readonly TxFrame frame = ref frames[i];
            if (frame.Length > RxBatch.MaxFrameBytes)
                RecordHeader(frame, stamp);
            else if (TryBegin(frame.Length, out Span<byte> room))
            {
                frame.CopyTo(room);
                End(room, room.Length, frame.Offload, stamp, Outbound);
            }
        }
    }

    // No IP packet is that long. What the device made of it is its affair; here is what it was given.
    private void RecordHeader(in TxFrame frame, long stamp)
    {
        ReadOnlySpan<byte> header = frame.Header[..Math.Min(frame.Header.Length, RxBatch.MaxFrameBytes)];
        if (!TryBegin(header.Length, out Span<byte> room))
            return;

        header.CopyTo(room);
        End(room, frame.Length, default, stamp, Outbound);
    }

    private bool TryBegin(int length, out Span<byte> room)
    {
        room = default;
        if (_writer.Length + PcapngWriter.PacketBlockBytes(Math.Min(length, _maxFrameBytes)) > _maxBytes)
        {
            FlushWriter();
            Stop(new IOException(
                $"The capture has reached its limit of {_maxBytes:N0} bytes (CaptureOptions.MaxBytes)."));
            return false;
        }

        try
        {
            room = _writer.BeginPacket(length);
            return true;
        }
        catch (Exception e)
        {
            Stop(e);
            return false;
        }
    }

    private void End(Span<byte> room, int length, FrameOffload offload, long stamp, uint direction)
    {
        if (offload.IsChecksumPartial)
            FrameChecksum.TryFinish(room, default, default, offload);
        _writer.EndPacket(Math.Min(room.Length, _maxFrameBytes), length, stamp, direction);
    }

    // Any exception of any stream: the traffic must not die of its own record. The property says what happened.
    private void Stop(Exception failure)
    {
        _isRecording = false;
        _failure ??= failure;
    }

    private void FlushWriter()
    {
        if (!_isRecording)
            return;

        try
        {
            _writer.Flush();
        }
        catch (Exception e)
        {
            Stop(e);
        }
    }

    private void CloseStream()
    {
        if (_leaveOpen)
            return;

        try
        {
            _stream.Dispose();
        }
        catch (Exception e)
        {
            _failure ??= e;
        }
    }
}
