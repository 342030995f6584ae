using UserTcp.Wire;

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
    private readonly LinkDevice _inner;
    private readonly CaptureRecorder _recorder;
    private readonly bool _isFirst; // of the device's queues: it closes the file

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
        _isFirst = true;
        _recorder = new CaptureRecorder(inner.Info, stream, options);
    }

    private CaptureLink(LinkDevice inner, CaptureRecorder recorder)
    {
        _inner = inner;
        _recorder = recorder;
    }

    /// <summary>Why capturing stopped while the link went on; null as long as all is well. Thread-safe.</summary>
    public Exception? CaptureFailure => _recorder.Failure;

    /// <inheritdoc/>
    public override LinkInfo Info => _inner.Info;

    /// <inheritdoc/>
    public override LinkStatistics Statistics => _inner.Statistics;

    /// <summary>The inner device's queues, recorded in one file. They send one at a time while it is written.</summary>
    /// <inheritdoc/>
    public override IReadOnlyList<LinkDevice> OpenQueues(int count) =>
        [this, .. QueueSharing.Open(_inner, count).Skip(1).Select(queue => new CaptureLink(queue, _recorder))];

    /// <inheritdoc/>
    public override void SetReceiveAddress(MacAddress address) => _inner.SetReceiveAddress(address);

    /// <inheritdoc/>
    public override int Receive(RxBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        int first = batch.Count;
        int count = _inner.Receive(batch);
        if (count > 0 && _recorder.IsRecording)
            _recorder.RecordReceived(batch, first);
        return count;
    }

    /// <inheritdoc/>
    public override int Transmit(ReadOnlySpan<TxFrame> frames) =>
        _recorder.IsRecording ? _recorder.Transmit(_inner, frames) : _inner.Transmit(frames);

    /// <inheritdoc/>
    public override bool Wait(TimeSpan timeout) => _inner.Wait(timeout);

    /// <inheritdoc/>
    public override void Wake() => _inner.Wake();

    /// <summary>Writes what is buffered to the file. Does nothing once capturing has stopped.</summary>
    public void Flush() => _recorder.Flush();

    /// <summary>Disposes of the inner device, then writes what is buffered and closes the file.</summary>
    public override void Dispose()
    {
        _inner.Dispose();
        if (_isFirst)
            _recorder.Close();
    }

    internal override void Steer(in Steering steering) => _inner.Steer(steering);

    private static FileStream Create(LinkDevice inner, string path, CaptureOptions? options)
    {
        ArgumentNullException.ThrowIfNull(inner);
        options?.Validate();
        return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
    }
}
