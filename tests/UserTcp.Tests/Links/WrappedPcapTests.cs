using System.Net;
using System.Reflection;
using PacketDotNet;
using SharpPcap;
using UserTcp.Links;

namespace UserTcp.Tests.Links;

/// <summary>Links made of SharpPcap devices, which are in memory here.</summary>
public sealed class WrappedPcapTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Two_stacks_talk_through_wrapped_devices()
    {
        (FakePcapDevice left, FakePcapDevice right) = FakePcapDevice.Cable();
        await using UserTcpStack client = await OpenAsync(left, "10.0.0.1/24");
        await using UserTcpStack server = await OpenAsync(right, "10.0.0.2/24");
        await using UserTcpListener listener = await server.ListenAsync(7);
        Task<UserTcpConnection> accept = listener.AcceptAsync().AsTask();
        await using UserTcpConnection connection =
            await client.ConnectAsync(IPAddress.Parse("10.0.0.2"), 7).AsTask().WaitAsync(s_guard);
        await using UserTcpConnection accepted = await accept.WaitAsync(s_guard);
        byte[] sent = new byte[300_000];
        new Random(1).NextBytes(sent);
        Task write = WriteAsync(connection, sent);
        var received = new MemoryStream();
        await accepted.Input.CopyToAsync(received).WaitAsync(s_guard);
        await write.WaitAsync(s_guard);

        Assert.Equal(sent, received.ToArray());
    }

    [Fact]
    public void Frames_arrive_in_order_and_as_many_as_there_is_room_for()
    {
        var device = new FakePcapDevice("one", 1);
        using LinkDevice link = PcapLink.Wrap(device);
        for (int i = 0; i < 2050; i++)
        {
            device.Deliver(BitConverter.GetBytes(i));
        }

        using var batch = new RxBatch();
        var numbers = new List<int>();
        while (link.Receive(batch) > 0)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                numbers.Add(BitConverter.ToInt32(batch[i].Bytes));
            }

            batch.Clear();
        }

        Assert.Equal(Enumerable.Range(0, 2048), numbers);
        Assert.Equal(2, link.Statistics.ReceiveDropped);
    }

    [Fact]
    public void A_wait_ends_with_a_frame_a_wake_up_and_the_time()
    {
        var device = new FakePcapDevice("one", 1);
        using LinkDevice link = PcapLink.Wrap(device);

        Assert.False(link.Wait(TimeSpan.Zero));
        link.Wake();
        Assert.True(link.Wait(Timeout.InfiniteTimeSpan));
        Assert.False(link.Wait(TimeSpan.FromMicroseconds(1)));
        device.Deliver(new byte[60]);
        Assert.True(link.Wait(Timeout.InfiniteTimeSpan));
        Assert.True(link.Wait(TimeSpan.Zero)); // it is still there
    }

    [Fact]
    public async Task A_wait_without_end_never_says_that_the_time_is_over()
    {
        const int frames = 200;
        var device = new FakePcapDevice("one", 1);
        using LinkDevice link = PcapLink.Wrap(device);
        using var taken = new SemaphoreSlim(0);
        Task<int> taking = Task.Run(() =>
        {
            using var batch = new RxBatch();
            int count = 0;
            while (count < frames && link.Wait(Timeout.InfiniteTimeSpan))
            {
                batch.Clear();
                count += link.Receive(batch);
                taken.Release();
            }

            return count;
        });
        for (int i = 0; i < frames; i++)
        {
            device.Deliver(new byte[60]);
            Assert.True(await taken.WaitAsync(s_guard));
        }

        Assert.Equal(frames, await taking.WaitAsync(s_guard));
    }

    [Fact]
    public void What_the_device_is_the_link_is()
    {
        using LinkDevice link = PcapLink.Wrap(new FakePcapDevice("eth9", 5));
        using LinkDevice bare = PcapLink.Wrap(new FakePcapDevice("tun9", 5) { LinkType = LinkLayers.Raw });

        Assert.Equal("pcap:eth9", link.Info.Name);
        Assert.Equal(1500, link.Info.Mtu);
        Assert.Equal(MacAddress.Parse("02:00:00:00:00:05"), link.Info.MacAddress);
        Assert.Equal(LinkMedium.Ethernet, link.Info.Medium);
        Assert.Equal(LinkMedium.Ip, bare.Info.Medium);
        Assert.Throws<NotSupportedException>(
            () => PcapLink.Wrap(new FakePcapDevice("wlan9", 5) { LinkType = LinkLayers.Ieee80211 }));
    }

    [Fact]
    public unsafe void What_cannot_be_sent_is_counted_and_what_is_gone_is_down()
    {
        var device = new FakePcapDevice("one", 1) { Failure = NoRoom() };
        using LinkDevice link = PcapLink.Wrap(device);
        byte[] frame = new byte[60];
        fixed (byte* bytes = frame)
        {
            Assert.Equal(1, link.Transmit([new TxFrame(bytes, frame.Length, null, 0, null, 0, default)]));
            Assert.Equal(1, link.Statistics.TransmitDropped);

            device.Cut();
            LinkDownException down = Assert.Throws<LinkDownException>(() => Transmit(link, frame));
            Assert.Contains("the cable was cut", down.Message, StringComparison.Ordinal);
        }

        using var batch = new RxBatch();
        Assert.True(link.Wait(Timeout.InfiniteTimeSpan));
        Assert.Throws<LinkDownException>(() => link.Receive(batch));
    }

    [Fact]
    public void A_device_is_left_as_it_was_if_so_asked()
    {
        var kept = new FakePcapDevice("one", 1);
        kept.StartCapture();
        var given = new FakePcapDevice("two", 2);
        LinkDevice one = PcapLink.Wrap(kept, leaveOpen: true);
        LinkDevice two = PcapLink.Wrap(given);
        one.Dispose();
        two.Dispose();
        two.Dispose();

        Assert.False(kept.IsDisposed);
        Assert.True(kept.Started);
        Assert.True(given.IsDisposed);
        Assert.False(given.Started);
    }

    [Fact]
    public void A_device_that_cannot_capture_is_not_listened_to()
    {
        var device = new FakePcapDevice("one", 1) { Failure = NoRoom(), CannotCapture = true };

        Assert.Throws<PcapException>(() => PcapLink.Wrap(device));
        Assert.False(device.HasListeners);
    }

    [Fact]
    public void Frames_that_need_an_offload_are_dropped_and_counted()
    {
        using LinkDevice link = PcapLink.Wrap(new FakePcapDevice("one", 1));
        var partial = new FrameOffload { Flags = FrameOffloadFlags.NeedsChecksum, ChecksumStart = 34, ChecksumOffset = 16 };
        FrameList frames = new FrameList().Add(new byte[60], offload: partial).Add(new byte[70_000]).Add(new byte[60]);

        Assert.Equal(3, link.Transmit(frames.ToArray()));
        Assert.Equal(2, link.Statistics.TransmitDropped);
    }

    // SharpPcap keeps the constructors to itself.
    private static PcapException NoRoom() => (PcapException)Activator.CreateInstance(
        typeof(PcapException), BindingFlags.Instance | BindingFlags.NonPublic, null, ["no room"], null)!;

    private static void Transmit(LinkDevice link, byte[] frame) => link.Transmit([TxFrame.Create(frame)]);

    private static ValueTask<UserTcpStack> OpenAsync(ILiveDevice device, string address) =>
        UserTcpStack.OpenAsync(new UserTcpStackOptions
        {
            Link = PcapLink.Wrap(device),
            Addresses = { UserTcpAddress.Parse(address) },
            DetectAddressConflicts = false,
        });

    private static async Task WriteAsync(UserTcpConnection connection, byte[] bytes)
    {
        await connection.Output.WriteAsync(bytes);
        await connection.Output.CompleteAsync();
    }
}
