using UserTcp.Links;
using UserTcp.Testing;
using UserTcp.Testing.Network;
using UserTcp.Tests.Links;
using UserTcp.Wire;

namespace UserTcp.Simulation.Tests;

/// <summary>The simulated card with several queues.</summary>
public sealed class PortDeviceTests
{
    private const int Count = 5;

    [Theory]
    [InlineData((int)PortSteering.Exact, new[] { 1, 1, 1, 1, 1 }, 0)]
    [InlineData((int)PortSteering.Shifted, new[] { 1, 1, 1, 1, 1 }, 1)]
    [InlineData((int)PortSteering.None, new[] { 5, 0, 0, 0, 0 }, 0)]
    public void Frames_arrive_where_the_habit_of_the_card_puts_them(int habit, int[] expected, int shift)
    {
        using var network = new SimulatedNetwork();
        using var host = new CoreHost(network, "host", new SimulatedLinkOptions());
        var inbox = new Queue<Frame>();
        var device = new PortDevice(host, 1500, network.Frames, inbox) { Habit = (PortSteering)habit };
        var steering = new Steering(Count, 0x5eed_1234);
        IReadOnlyList<LinkDevice> queues = device.OpenQueues(Count);
        device.Steer(steering);
        foreach (int flow in FlowFrame.OnePerQueue(steering))
            inbox.Enqueue(FrameOf(network, FlowFrame.Bytes(flow, 1)));

        Assert.Same(device, queues[0]);
        for (int i = 0; i < Count; i++)
        {
            Assert.True(device.HasFrames || expected[i] == 0);
            using var batch = new RxBatch();
            Assert.Equal(expected[i], queues[i].Receive(batch));
            for (int j = 0; j < batch.Count && expected[i] == 1; j++)
            {
                int owner = FlowFrame.QueueOf(FlowFrame.Read(batch[j].Bytes).Flow, steering);
                Assert.Equal(i, (owner + shift) % Count);
            }
        }

        Assert.False(device.HasFrames);
    }

    [Fact]
    public void One_queue_receives_all_in_order()
    {
        using var network = new SimulatedNetwork();
        using var host = new CoreHost(network, "host", new SimulatedLinkOptions());
        var inbox = new Queue<Frame>();
        var device = new PortDevice(host, 1500, network.Frames, inbox) { Habit = PortSteering.Shifted };
        Assert.Equal([device], device.OpenQueues(1));
        device.Steer(new Steering(1, 7));
        for (int i = 0; i < 3; i++)
            inbox.Enqueue(FrameOf(network, FlowFrame.Bytes(i, i)));

        using var batch = new RxBatch();
        Assert.Equal(3, device.Receive(batch));
        Assert.Equal([0, 1, 2], Enumerable.Range(0, 3).Select(i => FlowFrame.Read(batch[i].Bytes).Number));
    }

    private static Frame FrameOf(SimulatedNetwork network, byte[] bytes)
    {
        Frame frame = network.Frames.Rent(bytes.Length);
        bytes.CopyTo(frame.Bytes);
        return frame;
    }
}
