namespace UserTcp.Links;

/// <summary>The file of a <see cref="CaptureLink"/>. All queues of the device write it, one at a time.</summary>
internal sealed class CaptureRecorder
{
    private const uint Inbound = 1;
    private const uint Outbound = 2;
    private const long NanosecondsPerSecond = 1_000_000_000;

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

    public CaptureRecorder(LinkInfo info, Stream stream, CaptureOptions options)
    {
        _stream = stream;
        _writer = new PcapngWriter(stream);
        _time = options.TimeProvider;
        _leaveOpen = options.LeaveOpen;
        _maxFrameBytes = options.MaxFrameBytes;
        _maxBytes = options.MaxBytes;
        _startTime = _time.GetTimestamp();
        _startStamp = (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        _writer.WriteHead(info.Medium, info.Name, _maxFrameBytes);
    }

    public Exception? Failure => _failure;

    public bool IsRecording => _isRecording;

    public void RecordReceived(RxBatch batch, int first)
    {
        lock (_writing)
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
    }

    public int Transmit(LinkDevice device, ReadOnlySpan<TxFrame> frames)
    {
        // Held while sending: an answer that arrives at once is still recorded behind what it answers.
        lock (_writing)
        {
            long stamp = Now();
            int count = device.Transmit(frames);
            RecordSent(frames[..count], stamp);
            return count;
        }
    }

    public void Flush()
    {
        lock (_writing)
            FlushWriter();
    }

    public void Close()
    {
        lock (_writing)
        {
            FlushWriter();
            _isRecording = false;
            CloseStream();
        }
    }

    private long Now()
    {
        Int128 elapsed = (Int128)(_time.GetTimestamp() - _startTime) * NanosecondsPerSecond / _time.TimestampFrequency;
        return _startStamp + (long)elapsed;
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

    // No IP packet is that long. The record shows the frame as the device was given it.
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
