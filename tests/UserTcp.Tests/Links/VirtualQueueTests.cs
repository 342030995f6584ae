using FsCheck;
using FsCheck.Xunit;
using UserTcp.Links;
using UserTcp.Wire;

namespace UserTcp.Tests.Links;

/// <summary>Virtual links whose ends have several queues.</summary>
public sealed class VirtualQueueTests : IDisposable
{
    private const uint Key = 0x5eed_1234;
    private const int Flows = 12;
    private static readonly int[] s_counts = [1, 2, 5];
    private readonly RxBatch _batch = new();

    public void Dispose() => _batch.Dispose();

    [Property(MaxTest = 200)]
    public void Every_frame_arrives_once_and_in_order_at_the_queue_of_its_flow(DoNotSize<uint> seed)
    {
        var random = new Random((int)seed.Item);
        (LinkDevice[] from, LinkDevice[] to, Steering steering) = Open(
            s_counts[random.Next(3)], s_counts[random.Next(3)], random.Next(1, 7), (uint)random.Next());
        int[] sent = new int[Flows];
        int[] received = new int[Flows];
        bool[] isRefused = new bool[from.Length];
        for (int step = 0; step < 400; step++)
        {
            int queue = random.Next(from.Length);
            if (random.Next(3) > 0)
                isRefused[queue] = !SendSome(from[queue], queue, from.Length, random, sent);
            else
                Drain(to, random.Next(to.Length), steering, received);
        }

        for (int i = 0; i < to.Length; i++)
            Drain(to, i, steering, received);
        Assert.Equal(sent, received);
        Assert.All(from, queue => Assert.Equal(0, queue.Statistics.TransmitDropped));
        for (int i = 0; i < from.Length; i++)
            Assert.True(!isRefused[i] || from[i].Wait(TimeSpan.Zero), $"Queue {i} does not hear of room.");
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 2)]
    [InlineData(5, 1)]
    [InlineData(5, 5)]
    public async Task A_thread_for_each_queue_loses_neither_frames_nor_wake_ups(int senders, int receivers)
    {
        const int FramesPerFlow = 300;
        (LinkDevice[] from, LinkDevice[] to, Steering steering) = Open(senders, receivers, 3, Key);
        Task[] sending = [.. from.Select((link, i) => Task.Factory.StartNew(
            () => SendAll(link, i, senders, FramesPerFlow), TaskCreationOptions.LongRunning))];
        Task<int>[] receiving = [.. to.Select((link, i) => Task.Factory.StartNew(
            () => ReceiveAll(link, i, steering, FramesPerFlow), TaskCreationOptions.LongRunning))];

        await Task.WhenAll(sending).WaitAsync(LinkWait.Limit);
        Assert.Equal(Flows, (await Task.WhenAll(receiving).WaitAsync(LinkWait.Limit)).Sum());
    }

    [Fact]
    public void A_full_queue_holds_back_the_frames_behind_it_and_says_when_it_has_room()
    {
        (LinkDevice[] from, LinkDevice[] to, Steering steering) = Open(2, 2, 2, Key);
        int[] flows = FlowFrame.OnePerQueue(steering);
        TxFrame[] full = [.. Enumerable.Range(0, 3).Select(i => FlowFrame.Create(flows[1], i))];
        Assert.Equal(2, from[0].Transmit(full));

        Assert.Equal(1, from[1].Transmit([FlowFrame.Create(flows[0], 0), full[2], FlowFrame.Create(flows[0], 1)]));
        Assert.False(from[0].Wait(TimeSpan.Zero));
        Assert.Equal(1, to[0].Receive(_batch));
        Assert.False(from[1].Wait(TimeSpan.Zero)); // room in another queue
        Assert.True(LinkWait.EndsBy(from[1], () => to[1].Receive(_batch)));
        Assert.True(from[0].Wait(TimeSpan.Zero)); // both were refused
        Assert.False(from[0].Wait(TimeSpan.Zero));
        Assert.Equal(2, from[1].Transmit([full[2], FlowFrame.Create(flows[0], 1)]));
    }

    [Fact]
    public void A_frame_wakes_the_queue_that_it_is_for()
    {
        (LinkDevice[] from, LinkDevice[] to, Steering steering) = Open(1, 5, 8, Key);
        int[] flows = FlowFrame.OnePerQueue(steering);
        for (int i = 0; i < to.Length; i++)
        {
            Assert.True(LinkWait.EndsBy(to[i], () => from[0].Transmit([FlowFrame.Create(flows[i], 0)])));
            Assert.Equal(i, Assert.Single(Enumerable.Range(0, to.Length), j => to[j].Wait(TimeSpan.Zero)));
            Assert.Equal(1, to[i].Receive(_batch));
        }
    }

    [Fact]
    public void All_frames_reach_the_first_queue_until_it_is_told_whose_they_are()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        var steering = new Steering(5, Key);
        TxFrame[] frames = [.. FlowFrame.OnePerQueue(steering).Select(flow => FlowFrame.Create(flow, 0))];
        IReadOnlyList<LinkDevice> to = b.OpenQueues(5);
        a.Transmit(frames);
        Assert.Equal(5, b.Receive(_batch));

        b.Steer(steering);
        a.Transmit(frames);
        Assert.All(to, queue => Assert.Equal(1, queue.Receive(_batch)));
        Assert.Same(b, to[0]);
    }

    [Fact]
    public void A_formula_for_more_shards_than_queues_sends_what_is_left_to_the_first()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        var steering = new Steering(5, Key);
        IReadOnlyList<LinkDevice> to = b.OpenQueues(2);
        b.Steer(steering);
        a.Transmit([.. FlowFrame.OnePerQueue(steering).Select(flow => FlowFrame.Create(flow, 0))]);

        Assert.Equal(4, b.Receive(_batch));
        Assert.Equal(1, to[1].Receive(_batch));
    }

    [Fact]
    public void The_next_owner_of_an_end_may_want_fewer_or_more_queues()
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair();
        var steering = new Steering(5, Key);
        TxFrame[] frames = [.. FlowFrame.OnePerQueue(steering).Select(flow => FlowFrame.Create(flow, 0))];
        b.OpenQueues(5);
        b.Steer(steering);
        Assert.Equal([b], b.OpenQueues(1));
        a.Transmit(frames);
        Assert.Equal(5, b.Receive(_batch));

        IReadOnlyList<LinkDevice> again = b.OpenQueues(5);
        a.Transmit(frames);
        Assert.Equal(5, b.Receive(_batch)); // the formula was the last owner's
        b.Steer(steering);
        a.Transmit(frames);
        Assert.All(again, queue => Assert.Equal(1, queue.Receive(_batch)));
        Assert.Equal([again[3]], again[3].OpenQueues(2)); // a queue has no queues
        Assert.Throws<ArgumentOutOfRangeException>(() => b.OpenQueues(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => b.OpenQueues(65));
        b.Dispose();
        Assert.Throws<ObjectDisposedException>(() => b.OpenQueues(1));
    }

    [Fact]
    public void The_link_is_down_for_all_queues_when_the_last_frame_is_received()
    {
        (LinkDevice[] from, LinkDevice[] to, Steering steering) = Open(2, 2, 8, Key);
        int flow = FlowFrame.OnePerQueue(steering)[1];
        from[1].Transmit([FlowFrame.Create(flow, 0)]);
        from[1].Dispose(); // of no effect
        from[1].Transmit([FlowFrame.Create(flow, 1)]);
        from[0].Dispose();

        Assert.Equal(0, to[0].Receive(_batch));
        Assert.False(to[0].Wait(TimeSpan.Zero));
        Assert.Equal(1, to[0].Transmit([FlowFrame.Create(flow, 0)]));
        Assert.Equal(1, to[1].Statistics.TransmitDropped);
        Assert.True(LinkWait.EndsBy(to[0], () => to[1].Receive(_batch)));
        Assert.Equal(2, _batch.Count);
        Assert.All(to, queue => Assert.Throws<LinkDownException>(() => queue.Receive(_batch)));
        Assert.All(to, queue => Assert.Throws<LinkDownException>(() => queue.Transmit([FlowFrame.Create(flow, 0)])));
        Assert.All(from, queue => Assert.Throws<ObjectDisposedException>(() => queue.Receive(_batch)));
    }

    [Fact]
    public async Task Disposal_of_the_first_queue_ends_the_waits_of_all()
    {
        (LinkDevice[] from, LinkDevice[] to, _) = Open(2, 2, 8, Key);
        Task<bool>[] waits = [.. from.Concat(to).Select(
            queue => Task.Factory.StartNew(() => queue.Wait(LinkWait.Limit), TaskCreationOptions.LongRunning))];
        from[0].Dispose();

        Assert.All(await Task.WhenAll(waits).WaitAsync(LinkWait.Limit), Assert.True);
        Array.ForEach(from, queue => queue.Wake());
    }

    [Property]
    public void Headers_in_pieces_are_steered_as_the_packet_is(DoNotSize<ulong> seed)
    {
        var flow = new SteeredFlow(seed.Item);
        byte[] packet = flow.Packet();
        for (int cut = 0; cut <= packet.Length; cut++)
        {
            int second = cut + ((packet.Length - cut) / 2);
            foreach (int linkHeader in (int[])[0, 14])
            {
                TxFrame frame = new FrameList()
                    .Add([.. new byte[linkHeader], .. packet[..cut]], packet[cut..second], packet[second..])[0];
                Assert.Equal(flow.Steering.ShardOf(flow.Key), flow.Steering.ShardOf(frame, linkHeader));
            }
        }

        TxFrame runt = new FrameList().Add(new byte[13])[0];
        Assert.Equal(0, flow.Steering.ShardOf(runt, 14));
    }

    private static (LinkDevice[] From, LinkDevice[] To, Steering Steering) Open(
        int senders, int receivers, int queueFrames, uint key)
    {
        (VirtualLink a, VirtualLink b) = VirtualLink.CreatePair(
            new VirtualLinkOptions { Features = LinkFeatures.None, QueueFrames = queueFrames });
        var steering = new Steering(receivers, key);
        LinkDevice[] from = [.. a.OpenQueues(senders)];
        LinkDevice[] to = [.. b.OpenQueues(receivers)];
        b.Steer(steering);
        return (from, to, steering);
    }

    /// <summary>Sends a few frames of the flows that belong to a queue; false if some were refused.</summary>
    private static bool SendSome(LinkDevice link, int queue, int queues, Random random, int[] sent)
    {
        int[] next = [.. sent];
        int[] flows = [.. Enumerable.Range(0, random.Next(1, 5)).Select(
            _ => (random.Next(Flows / queues) * queues) + queue)];
        int accepted = link.Transmit([.. flows.Select(flow => FlowFrame.Create(flow, next[flow]++))]);
        foreach (int flow in flows[..accepted])
            sent[flow]++;
        return accepted == flows.Length;
    }

    private static void SendAll(LinkDevice link, int queue, int queues, int framesPerFlow)
    {
        for (int number = 0; number < framesPerFlow; number++)
        {
            TxFrame[] frames = [.. Enumerable.Range(0, Flows).Where(flow => flow % queues == queue)
                .Select(flow => FlowFrame.Create(flow, number))];
            for (int done = 0; done < frames.Length;)
            {
                int accepted = link.Transmit(frames.AsSpan(done));
                done += accepted;
                if (done < frames.Length)
                    Assert.True(link.Wait(LinkWait.Limit), "No room in time.");
            }
        }
    }

    /// <summary>Receives all frames of the queue's flows; returns how many flows these are.</summary>
    private static int ReceiveAll(LinkDevice link, int queue, Steering steering, int framesPerFlow)
    {
        int flows = Enumerable.Range(0, Flows).Count(flow => FlowFrame.QueueOf(flow, steering) == queue);
        int[] next = new int[Flows];
        using var batch = new RxBatch(2);
        for (int left = flows * framesPerFlow; left > 0;)
        {
            Assert.True(link.Wait(LinkWait.Limit), "Nothing arrives.");
            batch.Clear();
            left -= link.Receive(batch);
            Check(batch, queue, steering, next);
        }

        return flows;
    }

    private static void Check(RxBatch batch, int queue, Steering steering, int[] next)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            (int flow, int number) = FlowFrame.Read(batch[i].Bytes);
            Assert.Equal(queue, FlowFrame.QueueOf(flow, steering));
            Assert.Equal(next[flow]++, number);
        }
    }

    private void Drain(LinkDevice[] links, int queue, Steering steering, int[] next)
    {
        _batch.Clear();
        links[queue].Receive(_batch);
        Check(_batch, queue, steering, next);
    }
}
