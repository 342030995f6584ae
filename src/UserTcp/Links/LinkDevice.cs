using UserTcp.Wire;

namespace UserTcp.Links;

/// <summary>
/// The bottom of a stack: sends and receives link frames. A device belongs to one stack; <see cref="Receive"/> and
/// <see cref="Wait"/> are called by the stack's loop thread, <see cref="Transmit"/> by one thread at a time (whichever
/// holds the stack's lock) and possibly at the same time as <see cref="Receive"/>; <see cref="Wake"/> from any thread.
/// </summary>
/// <remarks>
/// Devices need not cut or checksum: frames that need what <see cref="LinkInfo.Features"/> does not offer are prepared
/// by the stack before they arrive here.
/// </remarks>
public abstract class LinkDevice : IDisposable
{
    /// <summary>The properties of the device. Only the MTU may change while the device is open.</summary>
    public abstract LinkInfo Info { get; }

    /// <summary>Opens a device by its name.</summary>
    /// <param name="name">
    /// A scheme and a device, for instance <c>packet:eth0</c>, or a device alone, for the best link there is; see
    /// <see cref="LinkNames"/>.
    /// </param>
    /// <returns>The device.</returns>
    /// <exception cref="ArgumentException">The scheme is not known.</exception>
    /// <exception cref="IOException">The device cannot be opened; see <see cref="PacketSocketLink.Open"/>,
    /// <see cref="PcapLink.Open"/> and <see cref="TapLink.Open"/>.</exception>
    public static LinkDevice Open(string name) => LinkNames.Open(name);

    /// <summary>
    /// Whether a device can be opened by this process, and what to do if not. Opens nothing that others would notice,
    /// and does not throw.
    /// </summary>
    /// <param name="name">As for <see cref="Open"/>.</param>
    /// <returns>The answer, for this moment and the calling thread's network namespace.</returns>
    public static LinkAccess CheckAccess(string name) => LinkNames.CheckAccess(name);

    /// <summary>The interfaces of the calling thread's network namespace, whether or not they can be opened.</summary>
    /// <returns>The interfaces that exist at this moment.</returns>
    public static IReadOnlyList<LinkInterface> List() =>
        [.. InterfaceFacts.Names().Select(LinkInterface.Find).OfType<LinkInterface>()];

    /// <summary>Frames lost on the way. Thread-safe.</summary>
    public virtual LinkStatistics Statistics => default;

    /// <summary>
    /// Opens several queues, for a stack with several shards. Each is used as a device of its own, by threads of its
    /// own and at the same time as the others. The stack calls this once on an open device, before <see
    /// cref="SetReceiveAddress"/> and the first <see cref="Receive"/>; a stack that tries its start again, and the next
    /// stack on the device, call it again.
    /// </summary>
    /// <param name="count">The number of queues that are wanted, from 1 to 64.</param>
    /// <returns>
    /// From one to <paramref name="count"/> devices; the first is this one. The default is this one alone: then it
    /// receives for all shards, and they send through it one at a time.
    /// </returns>
    /// <remarks>
    /// <see cref="Info"/> and <see cref="Statistics"/> of each queue describe the whole device. <see
    /// cref="SetReceiveAddress"/> and <see cref="Dispose"/> are called on the first queue only, and are for all. All
    /// frames of a flow should arrive at one queue; the stack hands each to the shard that wants it.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">The count is out of range.</exception>
    /// <exception cref="IOException">The system refuses a queue that it should have.</exception>
    public virtual IReadOnlyList<LinkDevice> OpenQueues(int count)
    {
        ThrowIfNoQueueCount(count);
        return [this];
    }

    /// <summary>
    /// Tells the device which queue wants which flow: <see cref="Steering.ShardOf(ReadOnlySpan{byte})"/> is the number
    /// of the queue. Called on the first queue, after <see cref="OpenQueues"/> and before <see
    /// cref="SetReceiveAddress"/>. A hint, as the receive address is.
    /// </summary>
    internal virtual void Steer(in Steering steering)
    {
    }

    /// <summary>
    /// Tells the device whose frames are wanted, before the first <see cref="Receive"/>: those sent to
    /// <paramref name="address"/>, to everybody and to groups, but none sent by it. A hint that saves work: the stack
    /// checks destinations itself.
    /// </summary>
    /// <param name="address">The MAC address of the stack.</param>
    public virtual void SetReceiveAddress(MacAddress address)
    {
    }

    /// <summary>Takes what has arrived, at most until the batch is full. Never blocks.</summary>
    /// <param name="batch">Emptied by the caller; its memory is valid until the next call with the same batch.</param>
    /// <returns>The number of frames added to the batch.</returns>
    /// <exception cref="LinkDownException">The device is gone. A lost carrier is not reported.</exception>
    public abstract int Receive(RxBatch batch);

    /// <summary>Sends frames in order. Never blocks. Accepted frames have been copied or sent on return.</summary>
    /// <param name="frames">The frames; their memory is valid during the call only.</param>
    /// <returns>How many were accepted, from the first; fewer than all if the device is full.</returns>
    /// <exception cref="LinkDownException">The device is gone. A lost carrier is not reported.</exception>
    public abstract int Transmit(ReadOnlySpan<TxFrame> frames);

    /// <summary>
    /// Waits until there is something to receive, the device that was full can send again, <see cref="Wake"/> was
    /// called (also before the call), or the time is over.
    /// </summary>
    /// <param name="timeout">
    /// The longest wait. <see cref="TimeSpan.Zero"/> polls; <see cref="Timeout.InfiniteTimeSpan"/>, as any negative
    /// time, waits without end. A device that can only wait for whole milliseconds rounds up.
    /// </param>
    /// <returns>False if the time was over.</returns>
    public abstract bool Wait(TimeSpan timeout);

    /// <summary>Ends the current or the next <see cref="Wait"/>. Thread-safe, cheap, harmless after disposal.</summary>
    public abstract void Wake();

    /// <summary>
    /// Closes the device. Not while another thread is inside <see cref="Receive"/>, <see cref="Wait"/> or <see
    /// cref="Transmit"/>.
    /// </summary>
    public abstract void Dispose();

    /// <summary>Checks the argument of <see cref="OpenQueues"/>.</summary>
    internal static void ThrowIfNoQueueCount(int count)
    {
        if (count is < 1 or > Steering.MaxShards)
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"A device has from 1 to {Steering.MaxShards} queues.");
    }
}

/// <summary>The device under a stack is gone: unplugged, deleted, or shut down by the system.</summary>
public sealed class LinkDownException : IOException
{
    /// <summary>Whether the link was closed on purpose; such an end is not logged as an error.</summary>
    internal bool IsIntended { get; init; }

    /// <summary>Makes an exception with a standard message.</summary>
    public LinkDownException()
        : this("The link device is gone.")
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">The error message.</param>
    public LinkDownException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">The error message.</param>
    /// <param name="innerException">The system's own error.</param>
    public LinkDownException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
