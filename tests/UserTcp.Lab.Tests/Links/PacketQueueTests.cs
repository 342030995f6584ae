using UserTcp.Lab.Tests.Support;
using UserTcp.Links;
using UserTcp.Tests.Links;
using UserTcp.Wire;
using static UserTcp.Lab.Tests.Links.LinkLab;

namespace UserTcp.Lab.Tests.Links;

/// <summary>Several packet sockets on one interface, among which the kernel divides what arrives.</summary>
public sealed class PacketQueueTests
{
    private const uint Key = 0x5eed_1234;
    private const byte Last = 99;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [LabTheory]
    [InlineData(2)]
    [InlineData(5)]
    public void Frames_of_each_flow_arrive_at_the_queue_of_the_formula(int count)
    {
        const int Flows = 1000;
        using var lab = new LinkLab();
        var steering = new Steering(count, Key);
        IReadOnlyList<LinkDevice> queues = Open(lab, steering);
        PacketSocketLink a = lab.OpenPacketA();
        for (int flow = 0; flow < Flows; flow++)
            Assert.Equal(1, a.Transmit([FlowFrame.Create(flow, 1, MacB, MacA)]));

        int[] owners = new int[Flows];
        int[] expected = [.. Enumerable.Range(0, Flows).Select(flow => FlowFrame.QueueOf(flow, steering))];
        for (int i = 0; i < count; i++)
        {
            foreach (int flow in ReceiveFlows(queues[i], expected.Count(queue => queue == i)))
                owners[flow] += 1 + (i * 1000);
        }

        Assert.Equal(expected.Select(queue => 1 + (queue * 1000)), owners);
        Assert.All(queues, queue => Assert.Equal(0, Drain(queue)));
        Assert.Equal(count, expected.Distinct().Count());
    }

    [LabFact]
    public void Long_frames_whose_headers_the_kernel_keeps_in_pages_are_divided_too()
    {
        using var lab = new LinkLab(offloads: true); // without them, the cable copies a frame into one piece
        lab.A.Exec("ip link set veth0 mtu 9000");
        lab.B.Exec("ip link set veth1 mtu 9000");
        var steering = new Steering(5, Key);
        IReadOnlyList<LinkDevice> queues = Open(lab, steering);
        PacketSocketLink a = lab.OpenPacketA();
        byte[][] frames = [.. FlowFrame.OnePerQueue(steering).Select(
            flow => (byte[])[.. FlowFrame.Bytes(flow, 1, MacB, MacA), .. new byte[8000]])];
        Assert.Equal(5, Send(a, frames));
        Send(a, Frame(MacB, MacA, Last));

        lab.ReceiveUntil(queues[0], Last);
        Assert.All(queues.Skip(1), queue => Assert.Equal(1, Drain(queue)));
    }

    [LabFact]
    public void Nothing_arrives_at_the_other_queues_while_they_join_and_before_they_are_told_of_flows()
    {
        using var lab = new LinkLab();
        PacketSocketLink a = lab.OpenPacketA();
        PacketSocketLink b = lab.OpenPacketB();
        using var isOver = new CancellationTokenSource();
        Task flood = Task.Factory.StartNew(() => Flood(a, isOver.Token), TaskCreationOptions.LongRunning);
        try
        {
            for (int round = 0; round < 10; round++)
            {
                IReadOnlyList<LinkDevice> queues = b.OpenQueues(5);
                Assert.NotEmpty(ReceiveFlows(b, 500)); // more frames after the last has joined
                Assert.All(queues.Skip(1), queue => Assert.Equal(0, Drain(queue)));
                Assert.Equal([b], b.OpenQueues(1));
            }
        }
        finally
        {
            isOver.Cancel();
            Assert.True(flood.Wait(s_limit));
        }
    }

    [LabFact]
    public void Whatever_has_no_flow_arrives_at_the_first_queue()
    {
        using var lab = new LinkLab();
        var steering = new Steering(5, Key);
        IReadOnlyList<LinkDevice> queues = Open(lab, steering);
        PacketSocketLink a = lab.OpenPacketA();
        int flow = FlowFrame.OnePerQueue(steering)[4];
        byte[] fragment = FlowFrame.Bytes(flow, 1, MacB, MacA);
        fragment[20] = 0x20; // more fragments
        byte[] echo = FlowFrame.Bytes(flow, 2, MacB, MacA);
        echo[23] = 1; // ICMP
        byte[] arp = Frame(MacAddress.Broadcast, MacA, 3);
        (arp[12], arp[13]) = (8, 6);
        Drain(queues[0]);
        Send(a, fragment, echo, arp, Frame(MacB, MacA, Last));

        using var batch = new RxBatch();
        byte[][] wanted = [fragment, echo, arp];
        for (int seen = 0; seen < wanted.Length;)
        {
            Assert.True(queues[0].Wait(s_limit));
            batch.Clear();
            queues[0].Receive(batch);
            for (int i = 0; i < batch.Count; i++)
                seen += batch[i].Bytes.SequenceEqual(wanted[Math.Min(seen, 2)]) ? 1 : 0;
        }

        Assert.All(queues.Skip(1), queue => Assert.Equal(0, Drain(queue)));
    }

    [LabFact]
    public void Every_queue_hears_only_frames_for_the_address_and_none_of_this_machine()
    {
        using var lab = new LinkLab();
        var steering = new Steering(2, Key);
        IReadOnlyList<LinkDevice> queues = Open(lab, steering);
        PacketSocketLink a = lab.OpenPacketA();
        int flow = FlowFrame.OnePerQueue(steering)[1];
        var stranger = MacAddress.Parse("02:00:00:00:00:0c");

        queues[0].Transmit([FlowFrame.Create(flow, 1, MacB, MacA)]);
        a.Transmit([FlowFrame.Create(flow, 2, stranger, MacA), FlowFrame.Create(flow, 3, MacB, MacA)]);
        Assert.Equal([3], ReceiveNumbers(queues[1], 1));
    }

    [LabFact]
    public void All_queues_send_and_count_for_the_device()
    {
        using var lab = new LinkLab();
        IReadOnlyList<LinkDevice> queues = Open(lab, new Steering(3, Key));
        PacketSocketLink a = lab.OpenPacketA();
        for (int i = 0; i < 3; i++)
        {
            Send(queues[i], Frame(MacA, MacB, (byte)(i + 1)), Frame(MacA, MacB, 9, 1600));
            Assert.Equal((byte)(i + 1), Assert.Single(lab.ReceiveUntil(a, (byte)(i + 1)))[14]);
        }

        Assert.All(queues, queue => Assert.Equal(3, queue.Statistics.TransmitDropped)); // beyond the MTU
        Assert.All(queues, queue => Assert.Equal(queues[0].Info, queue.Info));
    }

    [LabFact]
    public void The_first_queue_counts_what_the_others_lose()
    {
        using var lab = new LinkLab();
        PacketSocketLink b = lab.OpenPacketB(new PacketSocketLinkOptions { ReceiveBufferBytes = 64 << 10 });
        var steering = new Steering(2, Key);
        IReadOnlyList<LinkDevice> queues = b.OpenQueues(2);
        b.Steer(steering);
        b.SetReceiveAddress(MacB);
        PacketSocketLink a = lab.OpenPacketA();
        int flow = FlowFrame.OnePerQueue(steering)[1];
        for (int number = 0; number < 2000; number++)
            Assert.Equal(1, a.Transmit([FlowFrame.Create(flow, number, MacB, MacA)]));

        Send(a, Frame(MacB, MacA, Last));
        lab.ReceiveUntil(b, Last);
        int received = Drain(queues[1]);
        Assert.InRange(received, 1, 1999);
        Assert.Equal(2000 - received, queues[0].Statistics.ReceiveDropped);
        Assert.Equal(2000 - received, queues[1].Statistics.ReceiveDropped);
    }

    [LabFact]
    public void The_numbers_stay_when_the_interface_is_switched_off_and_on()
    {
        using var lab = new LinkLab();
        var steering = new Steering(5, Key);
        IReadOnlyList<LinkDevice> queues = Open(lab, steering);
        PacketSocketLink a = lab.OpenPacketA();
        for (int round = 0; round < 3; round++)
        {
            lab.B.Exec("ip link set veth1 down; ip link set veth1 up");
            lab.Cable.WaitForCarrier();
            AssertSteered(a, queues, steering);
        }
    }

    [LabFact]
    public void The_next_owner_may_want_fewer_or_more_queues()
    {
        using var lab = new LinkLab();
        PacketSocketLink b = lab.OpenPacketB();
        PacketSocketLink a = lab.OpenPacketA();
        foreach (int count in (int[])[5, 2, 4, 1, 3])
        {
            var steering = new Steering(count, Key);
            IReadOnlyList<LinkDevice> queues = b.OpenQueues(count);
            b.Steer(steering);
            b.SetReceiveAddress(MacB);
            AssertSteered(a, queues, steering);
        }
    }

    [LabFact]
    public void Disposal_of_another_queue_moves_no_flow_and_that_of_the_first_ends_all()
    {
        using var lab = new LinkLab();
        var steering = new Steering(3, Key);
        IReadOnlyList<LinkDevice> queues = Open(lab, steering);
        PacketSocketLink a = lab.OpenPacketA();
        queues[1].Dispose();
        AssertSteered(a, queues, steering);
        Task<bool>[] waits = [.. queues.Skip(1).Select(
            queue => Task.Factory.StartNew(() => queue.Wait(s_limit), TaskCreationOptions.LongRunning))];
        foreach (LinkDevice queue in queues.Skip(1))
            queue.Wake();
        Assert.True(Task.WaitAll(waits, s_limit));

        queues[0].Dispose();
        using var batch = new RxBatch();
        Assert.All(queues, queue => Assert.Throws<ObjectDisposedException>(() => queue.Receive(batch)));
        Assert.All(queues, queue => Assert.Throws<ObjectDisposedException>(() => queue.Transmit([])));
        Assert.All(queues, queue => Assert.Throws<ObjectDisposedException>(() => queue.Wait(TimeSpan.Zero)));
        foreach (LinkDevice queue in queues)
            queue.Wake();

        PacketSocketLink next = lab.OpenPacketB();
        Send(a, Frame(MacB, MacA, Last));
        lab.ReceiveUntil(next, Last);
    }

    [LabFact]
    public void A_deleted_interface_is_the_end_of_all_queues()
    {
        using var lab = new LinkLab();
        IReadOnlyList<LinkDevice> queues = Open(lab, new Steering(3, Key));
        lab.B.Exec("ip link delete veth1");
        using var batch = new RxBatch();
        foreach (LinkDevice queue in queues)
        {
            Assert.True(queue.Wait(s_limit));
            Assert.Throws<LinkDownException>(() => queue.Receive(batch));
        }
    }

    [LabFact]
    public void A_wake_ends_the_wait_of_each_queue()
    {
        using var lab = new LinkLab();
        IReadOnlyList<LinkDevice> queues = Open(lab, new Steering(2, Key));
        queues[1].Wake();
        Assert.True(queues[1].Wait(Timeout.InfiniteTimeSpan));
        Assert.False(queues[1].Wait(TimeSpan.Zero));
    }

    private static IReadOnlyList<LinkDevice> Open(LinkLab lab, in Steering steering)
    {
        PacketSocketLink b = lab.OpenPacketB(); // in another namespace than this thread's
        IReadOnlyList<LinkDevice> queues = b.OpenQueues(steering.Count);
        Assert.Equal(steering.Count, queues.Count);
        b.Steer(steering);
        b.SetReceiveAddress(MacB);
        return queues;
    }

    private static void AssertSteered(PacketSocketLink from, IReadOnlyList<LinkDevice> queues, in Steering steering)
    {
        int[] flows = FlowFrame.OnePerQueue(steering);
        from.Transmit([.. flows.Select(flow => FlowFrame.Create(flow, 1, MacB, MacA))]);
        for (int i = 0; i < flows.Length; i++)
            Assert.Equal([flows[i]], ReceiveFlows(queues[i], 1));
    }

    private static void Flood(PacketSocketLink from, CancellationToken isOver)
    {
        for (int flow = 0; !isOver.IsCancellationRequested; flow++)
            from.Transmit([FlowFrame.Create(flow & 0xffff, 1, MacB, MacA)]);
    }

    private static IEnumerable<int> ReceiveFlows(LinkDevice link, int count) =>
        Receive(link, count).Select(frame => frame.Flow);

    private static IEnumerable<int> ReceiveNumbers(LinkDevice link, int count) =>
        Receive(link, count).Select(frame => frame.Number);

    /// <summary>So many frames of flows; the system's own are left out.</summary>
    private static List<(int Flow, int Number)> Receive(LinkDevice link, int count)
    {
        var frames = new List<(int Flow, int Number)>();
        using var batch = new RxBatch();
        while (frames.Count < count)
        {
            Assert.True(link.Wait(s_limit), $"{frames.Count} of {count} frames have arrived.");
            batch.Clear();
            link.Receive(batch);
            for (int i = 0; i < batch.Count; i++)
            {
                if (FlowFrame.Is(batch[i].Bytes))
                    frames.Add(FlowFrame.Read(batch[i].Bytes));
            }
        }

        return frames;
    }
}
