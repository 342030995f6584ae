using UserTcp.Links;
using UserTcp.Wire;

namespace UserTcp.Tests.Links;

/// <summary>Queues for a device that has fewer than wanted.</summary>
public sealed class QueueSharingTests : IDisposable
{
    private readonly CrowdedDevice _device = new(room: 4);
    private readonly RxBatch _batch = new();

    public void Dispose() => _batch.Dispose();

    [Fact]
    public void One_queue_is_the_device_itself_and_costs_nothing()
    {
        var device = new CrowdedDevice(4) { Queues = (_, _) => throw new InvalidOperationException("asked") };
        Assert.Equal([device], QueueSharing.Of(device, 1));
    }

    [Fact]
    public void A_device_with_queues_enough_keeps_them()
    {
        LinkDevice other = new CrowdedDevice(4);
        var device = new CrowdedDevice(4) { Queues = (_, self) => [self, other] };
        Assert.Equal([device, other], QueueSharing.Of(device, 2));
    }

    [Fact]
    public void Missing_queues_share_the_first()
    {
        LinkDevice other = new CrowdedDevice(4);
        var device = new CrowdedDevice(4) { Queues = (_, self) => [self, other] };
        LinkDevice[] queues = QueueSharing.Of(device, 4);

        Assert.Equal(4, queues.Distinct().Count());
        Assert.Same(other, queues[1]);
        Array.ForEach([queues[0], queues[2], queues[3]], queue => queue.Transmit(Frames(1)));
        Assert.Equal(3, device.Drain().Count);
    }

    [Fact]
    public void A_device_that_breaks_the_contract_is_named()
    {
        Refuse((_, self) => [self, self, self]);
        Refuse((_, self) => []);
        Refuse((_, self) => [new CrowdedDevice(1)]);

        static void Refuse(Func<int, CrowdedDevice, IReadOnlyList<LinkDevice>> queues)
        {
            var device = new CrowdedDevice(4) { Queues = queues };
            var e = Assert.Throws<InvalidOperationException>(() => QueueSharing.Of(device, 2));
            Assert.Contains(nameof(CrowdedDevice), e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void All_queues_describe_the_device_and_the_first_one_sets_it_up()
    {
        LinkDevice[] queues = QueueSharing.Of(_device, 3);
        queues[0].SetReceiveAddress(MacAddress.Broadcast);
        queues[0].Steer(new Steering(3, 1));

        Assert.Equal(MacAddress.Broadcast, _device.Wanted);
        Assert.Equal(3, _device.SteeredTo);
        Assert.All(queues, queue => Assert.Same(_device.Info, queue.Info));
        Assert.All(queues, queue => Assert.Equal(5, queue.Statistics.ReceiveDropped));
    }

    [Fact]
    public void Frames_arrive_at_the_first_queue_only()
    {
        LinkDevice[] queues = QueueSharing.Of(_device, 2);
        _device.Arrives([1, 2, 3]);

        Assert.False(queues[1].Wait(TimeSpan.Zero));
        Assert.Equal(0, queues[1].Receive(_batch));
        Assert.True(queues[0].Wait(TimeSpan.Zero));
        Assert.Equal(1, queues[0].Receive(_batch));
        Assert.Equal<byte>([1, 2, 3], _batch[0].Bytes.ToArray());
    }

    [Fact]
    public void A_wake_ends_one_wait_of_its_own_queue()
    {
        LinkDevice[] queues = QueueSharing.Of(_device, 3);
        queues[1].Wake();
        queues[0].Wake();

        Assert.False(queues[2].Wait(TimeSpan.Zero));
        Assert.True(queues[1].Wait(Timeout.InfiniteTimeSpan));
        Assert.False(queues[1].Wait(TimeSpan.Zero));
        Assert.True(queues[0].Wait(Timeout.InfiniteTimeSpan));
        Assert.True(LinkWait.EndsBy(queues[2], queues[2].Wake));
    }

    [Fact]
    public void Room_in_a_full_device_is_told_to_those_who_were_refused()
    {
        LinkDevice[] queues = QueueSharing.Of(_device, 4);
        Assert.Equal(4, queues[1].Transmit(Frames(6)));
        Assert.Equal(0, queues[2].Transmit(Frames(1)));
        Assert.False(queues[0].Wait(TimeSpan.Zero));
        Assert.False(queues[1].Wait(TimeSpan.Zero));

        _device.Drain();
        Assert.False(queues[1].Wait(TimeSpan.Zero)); // only the first queue can know
        Assert.True(LinkWait.EndsBy(queues[2], () => queues[0].Wait(LinkWait.Limit)));
        Assert.True(queues[1].Wait(TimeSpan.Zero));
        Assert.False(queues[3].Wait(TimeSpan.Zero)); // was not refused
        Assert.False(queues[1].Wait(TimeSpan.Zero));
    }

    [Fact]
    public void A_first_queue_that_never_waits_tells_of_room_as_it_receives()
    {
        LinkDevice[] queues = QueueSharing.Of(_device, 2);
        queues[1].Transmit(Frames(5));
        queues[0].Receive(_batch);
        Assert.False(queues[1].Wait(TimeSpan.Zero));
        _device.Arrives([1]);
        queues[0].Receive(_batch);
        Assert.True(queues[1].Wait(TimeSpan.Zero));
    }

    [Fact]
    public void A_queue_whose_frames_went_out_tells_the_others_of_room()
    {
        LinkDevice[] queues = QueueSharing.Of(_device, 3);
        queues[0].Transmit(Frames(5));
        queues[1].Transmit(Frames(1));
        _device.Drain();
        Assert.Equal(1, queues[2].Transmit(Frames(1)));

        // The device does not look for room any more: its last call took all frames.
        Assert.True(queues[0].Wait(TimeSpan.Zero));
        Assert.True(queues[1].Wait(TimeSpan.Zero));
        Assert.False(queues[2].Wait(TimeSpan.Zero));
    }

    [Fact]
    public void Room_that_comes_between_the_refusal_and_the_note_is_used()
    {
        LinkDevice[] queues = QueueSharing.Of(_device, 2);
        _device.AfterRefusal = () =>
        {
            _device.AfterRefusal = null;
            _device.Drain();
            queues[0].Wait(TimeSpan.Zero);
        };

        Assert.Equal(6, queues[1].Transmit(Frames(6)));
        Assert.False(queues[1].Wait(TimeSpan.Zero));
    }

    [Fact]
    public void A_lost_link_ends_all_queues_whoever_notices()
    {
        for (int by = 0; by < 2; by++)
        {
            var device = new CrowdedDevice(4);
            LinkDevice[] queues = QueueSharing.Of(device, 3);
            device.Failure = new LinkDownException("unplugged") { IsIntended = true };
            Assert.True(LinkWait.EndsBy(queues[2], () => Notice(queues, by)));
            device.Failure = null;

            Assert.True(queues[0].Wait(TimeSpan.Zero));
            Assert.All(queues, queue => AssertDown(() => queue.Receive(_batch)));
            Assert.All(queues, queue => AssertDown(() => queue.Transmit(Frames(1))));
        }

        void Notice(LinkDevice[] queues, int by) => Assert.Throws<LinkDownException>(
            () => by == 0 ? queues[0].Receive(_batch) : queues[1].Transmit(Frames(1)));

        static void AssertDown(Func<object> action)
        {
            var e = Assert.Throws<LinkDownException>(action);
            Assert.Equal("unplugged", e.Message);
            Assert.True(e.IsIntended);
        }
    }

    [Fact]
    public void Disposal_of_the_first_queue_closes_the_device_and_ends_the_waits()
    {
        LinkDevice[] queues = QueueSharing.Of(_device, 3);
        queues[1].Dispose();
        Assert.False(_device.IsDisposed);
        Assert.Equal(1, queues[1].Transmit(Frames(1)));

        Assert.True(LinkWait.EndsBy(queues[1], queues[0].Dispose));
        Assert.True(_device.IsDisposed);
        Assert.All(queues, queue => Assert.Throws<ObjectDisposedException>(() => queue.Receive(_batch)));
        Assert.All(queues, queue => Assert.Throws<ObjectDisposedException>(() => queue.Transmit(Frames(1))));
        Assert.All(queues, queue => Assert.Throws<ObjectDisposedException>(() => queue.Wait(TimeSpan.Zero)));
        Array.ForEach(queues, queue => queue.Wake());
    }

    [Fact]
    public async Task A_thread_for_each_queue_loses_neither_frames_nor_wake_ups()
    {
        const int Threads = 4;
        const int FramesPerThread = 1_000;
        LinkDevice[] queues = QueueSharing.Of(_device, Threads);
        using var isOver = new CancellationTokenSource();
        Task wire = Start(() => Drain(Threads, FramesPerThread));
        Task[] senders = [.. queues.Skip(1).Select((link, i) => Start(() => SendAll(link, i + 1, FramesPerThread)))];
        Task first = Start(() =>
        {
            SendAll(queues[0], 0, FramesPerThread);
            while (!isOver.IsCancellationRequested)
                queues[0].Wait(LinkWait.Limit);
        });

        await Task.WhenAll([wire, .. senders]).WaitAsync(LinkWait.Limit);
        await isOver.CancelAsync();
        queues[0].Wake();
        await first.WaitAsync(LinkWait.Limit);

        static Task Start(Action action) => Task.Factory.StartNew(action, TaskCreationOptions.LongRunning);
    }

    private static void SendAll(LinkDevice link, int thread, int count)
    {
        for (int next = 0; next < count;)
        {
            int batch = Math.Min(3, count - next);
            int accepted = link.Transmit(
                [.. Enumerable.Range(next, batch).Select(number => FlowFrame.Create(thread, number))]);
            next += accepted;
            if (accepted < batch)
                Assert.True(link.Wait(LinkWait.Limit), $"Queue {thread} does not hear of room.");
        }
    }

    private static TxFrame[] Frames(int count) =>
        [.. Enumerable.Range(0, count).Select(number => FlowFrame.Create(1, number))];

    /// <summary>The wire behind the device: frames of each thread come in their order.</summary>
    private void Drain(int threads, int framesPerThread)
    {
        int[] next = new int[threads];
        while (next.Sum() < threads * framesPerThread)
        {
            foreach (byte[] frame in _device.Drain(2))
            {
                (int flow, int number) = FlowFrame.Read(frame);
                Assert.Equal(next[flow]++, number);
            }

            Thread.Yield();
        }
    }
}
