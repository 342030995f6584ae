using UserTcp.Links;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>Closing towards a peer that shut its window and vanished ends, too.</summary>
[Collection(RealTime.Name)]
public sealed class DeadPeerCloseTests
{
    [Fact]
    public async Task Close_ends_though_the_peer_vanished_behind_its_window()
    {
        MuteLink? link = null;
        StackPair pair = await StackPair.OpenAsync(decorateClient: inner => link = new MuteLink(inner));
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(
            new UserTcpConnectionOptions { RetransmitLimit = 1 },
            new UserTcpConnectionOptions { ReceiveBufferSize = 64 << 10 });
        Task<System.IO.Pipelines.FlushResult> write = client.Output.WriteAsync(new byte[1 << 20]).AsTask();
        using var guard = new CancellationTokenSource(StackPair.Guard);
        while (client.GetInfo().PeerWindow > 0)
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        link!.IsMute = true;
        UserTcpConnectionException thrown = await Assert.ThrowsAsync<UserTcpConnectionException>(
            () => client.CloseAsync().AsTask().WaitAsync(StackPair.Guard));
        Assert.Equal(UserTcpCloseReason.TimedOut, thrown.CloseReason);
        Assert.Equal(1, pair.Client.GetStatistics().WindowProbeTimeouts);
        await write.ContinueWith(static _ => { }, TaskScheduler.Default);
        server.Abort();
        await pair.DisposeAsync();
    }

    /// <summary>A link over which nothing comes any more.</summary>
    private sealed class MuteLink(LinkDevice inner) : LinkDevice
    {
        private readonly RxBatch _lost = new();

        public volatile bool IsMute;

        public override LinkInfo Info => inner.Info;

        public override int Receive(RxBatch batch)
        {
            if (!IsMute)
                return inner.Receive(batch);

            _lost.Clear();
            inner.Receive(_lost);
            return 0;
        }

        public override int Transmit(ReadOnlySpan<TxFrame> frames) => inner.Transmit(frames);

        public override bool Wait(TimeSpan timeout) => inner.Wait(timeout);

        public override void Wake() => inner.Wake();

        public override void Dispose()
        {
            _lost.Dispose();
            inner.Dispose();
        }
    }
}
