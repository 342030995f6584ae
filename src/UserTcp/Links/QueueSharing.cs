using System.Numerics;
using System.Runtime.ExceptionServices;

namespace UserTcp.Links;

/// <summary>
/// Several queues over a device that has fewer. The device's first queue receives for the queues that are missing, and
/// sends for them, one call at a time.
/// </summary>
/// <remarks>
/// Only the first queue can wait for room in the device. A queue whose frames were refused leaves a mark. Whoever
/// learns that there is room takes the marks and rings their queues: the first queue after its wait, and any queue
/// whose frames all went out.
/// </remarks>
internal sealed class QueueSharing
{
    private readonly LinkDevice _device;
    private readonly Lock _sending = new();
    private readonly LinkDevice[] _queues; // that share the device, the first one at 0
    private ulong _refused;                // a bit for each of them
    private LinkDownException? _down;
    private volatile bool _isDisposed;

    private QueueSharing(LinkDevice device, int count)
    {
        _device = device;
        _queues = new LinkDevice[count];
        _queues[0] = new First(this);
        for (int i = 1; i < count; i++)
            _queues[i] = new Sender(this, i);
    }

    /// <summary>Exactly so many queues of a device; the first one has to be disposed of, and is for all.</summary>
    /// <exception cref="InvalidOperationException">The device answers with too many, or not with itself.</exception>
    public static LinkDevice[] Of(LinkDevice device, int count)
    {
        if (count == 1)
            return [device];

        IReadOnlyList<LinkDevice> own = Open(device, count);
        if (own.Count == count)
            return [.. own];

        LinkDevice[] shared = new QueueSharing(device, count - own.Count + 1)._queues;
        return [shared[0], .. own.Skip(1), .. shared[1..]];
    }

    /// <summary>The queues that the device has, the device first; fewer than wanted if it has no more.</summary>
    /// <exception cref="InvalidOperationException">The device answers with too many, or not with itself.</exception>
    public static IReadOnlyList<LinkDevice> Open(LinkDevice device, int count)
    {
        IReadOnlyList<LinkDevice> queues = device.OpenQueues(count);
        return queues.Count >= 1 && queues.Count <= count && queues[0] == device
            ? queues
            : throw new InvalidOperationException(
                $"{device.GetType()}.{nameof(LinkDevice.OpenQueues)}({count}) answered with {queues.Count} devices. It "
                + $"must answer with 1 to {count}, and the first must be the device itself.");
    }

    private int Transmit(int queue, ReadOnlySpan<TxFrame> frames)
    {
        ThrowIfDown();
        ulong mark = 1UL << queue;
        lock (_sending)
        {
            int accepted = Send(frames);
            if (accepted < frames.Length)
            {
                // The device may get room between the refusal and the mark: try again after the mark is visible.
                Interlocked.Or(ref _refused, mark);
                accepted += Send(frames[accepted..]);
            }

            if (accepted == frames.Length && accepted > 0)
                RingRefused(except: mark);
            return accepted;
        }
    }

    private int Send(ReadOnlySpan<TxFrame> frames)
    {
        try
        {
            return _device.Transmit(frames);
        }
        catch (LinkDownException e)
        {
            NoteDown(e);
            throw;
        }
    }

    private int Receive(RxBatch batch)
    {
        try
        {
            return _device.Receive(batch);
        }
        catch (LinkDownException e)
        {
            NoteDown(e);
            throw;
        }
    }

    private void RingRefused(ulong except)
    {
        if (Volatile.Read(ref _refused) == 0)
            return;

        for (ulong left = Interlocked.Exchange(ref _refused, 0) & ~except; left != 0; left &= left - 1)
            _queues[BitOperations.TrailingZeroCount(left)].Wake();
    }

    private void NoteDown(LinkDownException cause)
    {
        if (Interlocked.CompareExchange(ref _down, cause, null) is null)
            WakeAll();
    }

    private void WakeAll()
    {
        foreach (LinkDevice queue in _queues)
            queue.Wake();
    }

    private void ThrowIfDown()
    {
        if (Volatile.Read(ref _down) is LinkDownException down)
            ExceptionDispatchInfo.Throw(down); // the first cause is that of all
    }

    /// <summary>The first queue: the device itself, but it sends in turn with the others.</summary>
    private sealed class First(QueueSharing sharing) : LinkDevice
    {
        private const ulong Mark = 1;

        public override LinkInfo Info => sharing._device.Info;

        public override LinkStatistics Statistics => sharing._device.Statistics;

        public override void SetReceiveAddress(MacAddress address) => sharing._device.SetReceiveAddress(address);

        internal override void Steer(in Wire.Steering steering) => sharing._device.Steer(steering);

        public override int Receive(RxBatch batch)
        {
            sharing.ThrowIfDown();
            int count = sharing.Receive(batch);
            // A loop with frames in every batch does not wait, and so does not learn of room.
            if (count > 0)
                sharing.RingRefused(except: 0);
            return count;
        }

        public override int Transmit(ReadOnlySpan<TxFrame> frames) => sharing.Transmit(0, frames);

        public override bool Wait(TimeSpan timeout)
        {
            bool isReady = sharing._device.Wait(timeout);
            if (isReady)
                sharing.RingRefused(except: Mark);
            return isReady;
        }

        public override void Wake() => sharing._device.Wake();

        public override void Dispose()
        {
            sharing._isDisposed = true;
            sharing._device.Dispose();
            sharing.WakeAll();
        }
    }

    /// <summary>A queue at which nothing arrives.</summary>
    private sealed class Sender : LinkDevice
    {
        private readonly QueueSharing _sharing;
        private readonly int _number;
        private readonly LinkSignal _signal;

        public Sender(QueueSharing sharing, int number)
        {
            _sharing = sharing;
            _number = number;
            _signal = new LinkSignal(() => Volatile.Read(ref sharing._down) is not null || sharing._isDisposed);
        }

        public override LinkInfo Info => _sharing._device.Info;

        public override LinkStatistics Statistics => _sharing._device.Statistics;

        public override int Receive(RxBatch batch)
        {
            ArgumentNullException.ThrowIfNull(batch);
            ObjectDisposedException.ThrowIf(_sharing._isDisposed, this);
            _sharing.ThrowIfDown();
            return 0;
        }

        public override int Transmit(ReadOnlySpan<TxFrame> frames) => _sharing.Transmit(_number, frames);

        public override bool Wait(TimeSpan timeout)
        {
            ObjectDisposedException.ThrowIf(_sharing._isDisposed, this);
            return _signal.Wait(timeout);
        }

        public override void Wake() => _signal.Wake();

        public override void Dispose()
        {
        }
    }
}
