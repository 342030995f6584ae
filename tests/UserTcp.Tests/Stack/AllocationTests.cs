using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stack;

/// <summary>The warm path makes no garbage.</summary>
public class AllocationTests
{
    [Theory]
    [InlineData(64 << 10)]
    [InlineData(1000)]
    public void A_bulk_transfer_between_two_stacks_allocates_nothing(int writeBytes)
    {
        using var pair = new Pair();
        (StackConnection sender, StackConnection receiver) = pair.Connect();
        for (int i = 0; i < 2000; i++)
        {
            pair.Transfer(sender, receiver, writeBytes);
        }

        long sent = receiver.Receive.ContiguousEnd;
        Allocation.IsNone(
            () =>
            {
                pair.Transfer(sender, receiver, writeBytes);
                sent += writeBytes;
            },
            rounds: 2000);
        Assert.Equal(sent, receiver.Receive.ContiguousEnd);
    }

    /// <summary>Two stacks; frames are copied from one's pull into the other's batch.</summary>
    private sealed class Pair : IDisposable
    {
        private readonly Shard _client;
        private readonly Shard _server;
        private readonly TxFrame[] _frames = new TxFrame[FrameSlots.Count];
        private readonly RxBatch _batch = new(1);
        private Instant _now = new(TimeSpan.TicksPerDay);

        public Pair()
        {
            _client = new Shard(new Host(TestNetwork.Config(1), _now));
            _server = new Shard(new Host(TestNetwork.Config(2), _now));
        }

        public (StackConnection Sender, StackConnection Receiver) Connect()
        {
            var listen = new ListenCall
            {
                Mode = ListenMode.OwnAddresses, Port = 80, Backlog = 1, SynBacklog = 1, Config = new TcpConfig(),
            };
            Assert.Equal(CallResult.Done, _server.Listen(listen, out StackListener? listener));
            var call = new ConnectCall
            {
                Remote = _server.Config.Addresses[0].Address, RemotePort = 80, Config = new TcpConfig(),
            };
            Assert.Equal(CallResult.Done, _client.Connect(call, _now, out StackConnection? sender));
            Exchange();
            Assert.True(_server.TryAccept(listener!, out StackConnection? receiver));
            _server.Adopt(receiver!, this);
            _client.Adopt(sender!, this);
            return (sender!, receiver!);
        }

        public void Transfer(StackConnection from, StackConnection to, int bytes)
        {
            for (int left = bytes; left > 0;)
            {
                int count = Math.Min(left, from.Send.GetMemory(1).Length);
                from.Send.Advance(count);
                from.Send.Publish();
                left -= count;
            }

            _client.OnUserCall(from, UserCall.Send, _now);
            Exchange();
            to.Receive.Read();
            to.Receive.AdvanceTo(to.Receive.ContiguousEnd, to.Receive.ContiguousEnd);
            _server.OnUserCall(to, UserCall.Receive, _now);
            Exchange();
        }

        public void Dispose()
        {
            _client.Dispose();
            _server.Dispose();
            _batch.Dispose();
        }

        private void Exchange()
        {
            bool isBusy = true;
            while (isBusy)
            {
                _now += TimeSpan.FromMicroseconds(50);
                isBusy = Move(_client, _server) | Move(_server, _client);
            }
        }

        private bool Move(Shard from, Shard to)
        {
            if (from.NextDeadline <= _now)
                from.OnDeadline(_now);
            bool any = false;
            for (int pulled; (pulled = from.PullFrames(_frames, _now)) > 0; any = true)
            {
                for (int i = 0; i < pulled; i++)
                {
                    Deliver(_frames[i], to);
                }

                from.FramesAccepted(pulled);
            }

            while (from.TryNextWakeup(out _))
            {
            }

            return any || from.HasPendingOutput;
        }

        private void Deliver(in TxFrame frame, Shard to)
        {
            _batch.Clear();
            frame.CopyTo(_batch.Reserve());
            _batch.Commit(frame.Length, frame.Offload);
            to.OnFrame(_batch[0], _now);
        }
    }
}
