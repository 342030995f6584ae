using System.Net;

namespace UserTcp.Tests.Api.Parity;

/// <summary>Two of our stacks over a link in memory.</summary>
public sealed class UserTcpNetwork : ParityNetwork
{
    private StackPair? _pair;

    public override async Task<(ParityEnd Near, ParityEnd Far)> ConnectAsync()
    {
        (UserTcpConnection near, UserTcpConnection far) = await (await PairAsync()).ConnectAsync();
        return (new End(near), new End(far));
    }

    public override async Task ConnectToNobodyAsync() =>
        await (await PairAsync()).Client.ConnectAsync(new IPEndPoint(StackPair.ServerAddress, 9));

    public override async Task AcceptWhileTheListenerGoesAsync()
    {
        UserTcpListener listener = await (await PairAsync()).Server.ListenAsync(0);
        ValueTask<UserTcpConnection> accept = listener.AcceptAsync();
        await listener.DisposeAsync();
        await accept;
    }

    public override ValueTask DisposeAsync() => _pair?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<StackPair> PairAsync() => _pair ??= await StackPair.OpenAsync();

    private sealed class End(UserTcpConnection connection) : ParityEnd(connection.AsStream())
    {
        public override void ShutdownSend() => connection.ShutdownOutput();

        public override void Close() => Stream.Dispose();

        public override void Reset() => connection.Abort();
    }
}
