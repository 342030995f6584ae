using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Links;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>Addresses that come and go while a stack runs.</summary>
[Collection(RealTime.Name)]
public sealed class AddressTests
{
    private static readonly UserTcpAddress s_second = UserTcpAddress.Parse("10.0.0.9/24");

    private static VirtualLinkOptions Shared =>
        new() { Features = VirtualLinkOptions.AllFeatures & ~LinkFeatures.PointToPoint };

    [Fact]
    public async Task A_second_address_serves_and_its_connections_end_with_it()
    {
        await using StackPair pair = await StackPair.OpenAsync(link: Shared);
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        await pair.Server.AddAddressAsync(s_second).AsTask().WaitAsync(StackPair.Guard);
        Assert.Equal(["10.0.0.2/24", "10.0.0.9/24"], pair.Server.Addresses.Select(a => a.ToString()));

        await using UserTcpConnection first = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        await using UserTcpConnection accepted = await listener.AcceptAsync();
        await using UserTcpConnection client = await pair.Client.ConnectAsync(s_second.Address, 80);
        await using UserTcpConnection server = await listener.AcceptAsync();
        Assert.Equal(s_second.Address, server.LocalEndPoint.Address);
        Task<ReadResult> read = server.Input.ReadAsync().AsTask();

        Assert.True(await pair.Server.RemoveAddressAsync(s_second.Address));
        Assert.False(await pair.Server.RemoveAddressAsync(s_second.Address));
        Assert.Equal(UserTcpCloseReason.AddressLost, await server.Closed.WaitAsync(StackPair.Guard));
        var error = await Assert.ThrowsAsync<UserTcpConnectionException>(() => read.WaitAsync(StackPair.Guard));
        Assert.Equal(
            (SocketError.ConnectionAborted, UserTcpCloseReason.AddressLost), (error.SocketErrorCode, error.CloseReason));
        Assert.Equal(["10.0.0.2/24"], pair.Server.Addresses.Select(a => a.ToString()));
        Assert.False(client.Closed.IsCompleted); // nobody told the peer

        await first.Output.SendAsync(new byte[] { 1, 2, 3 });
        Assert.Equal([1, 2, 3], await accepted.Input.ReadExactlyAsync(3));
    }

    [Fact]
    public async Task An_address_that_another_station_has_is_refused_with_its_MAC()
    {
        await using StackPair pair = await StackPair.OpenAsync(link: Shared);
        UserTcpAddress taken = new(StackPair.ServerAddress, 24);
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(
            () => pair.Client.AddAddressAsync(taken).AsTask().WaitAsync(StackPair.Guard));
        Assert.Equal(SocketError.AddressAlreadyInUse, thrown.SocketErrorCode);
        Assert.Contains(pair.Server.MacAddress.ToString(), thrown.Message, StringComparison.Ordinal);
        Assert.Equal(StackPair.ClientAddress, Assert.Single(pair.Client.Addresses).Address);
        Assert.False(await pair.Client.RemoveAddressAsync(taken.Address));
    }

    [Fact]
    public async Task Mistakes_of_the_caller_throw_at_once()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpStack stack = pair.Client;
        await Assert.ThrowsAsync<ArgumentNullException>(() => stack.AddAddressAsync(default).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(
            () => stack.AddAddressAsync(new UserTcpAddress(StackPair.ClientAddress, 24)).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(
            () => stack.AddAddressAsync(UserTcpAddress.Parse("10.0.0.255/24")).AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => stack.AddAddressAsync(UserTcpAddress.Parse("10.0.0.7/0")).AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>(() => stack.RemoveAddressAsync(null!).AsTask());
        await stack.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stack.AddAddressAsync(s_second).AsTask());
    }

    [Fact]
    public async Task A_claim_that_is_cancelled_leaves_nothing_and_can_be_made_again()
    {
        (UserTcpStack stack, FakeTimeProvider time, VirtualLink other) = await OpenInStoppedTimeAsync();
        await using UserTcpStack _ = stack;
        using VirtualLink end = other;
        using var stop = new CancellationTokenSource();
        Task claim = stack.AddAddressAsync(s_second, stop.Token).AsTask();
        await Assert.ThrowsAsync<ArgumentException>(() => stack.AddAddressAsync(s_second).AsTask());
        await stop.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => claim.WaitAsync(StackPair.Guard));
        Assert.Equal(stop.Token, thrown.CancellationToken);
        Assert.Single(stack.Addresses);

        Task again = stack.AddAddressAsync(s_second).AsTask();
        await PassAsync(time, again);
        Assert.Equal(2, stack.Addresses.Count);
    }

    [Fact]
    public async Task A_removal_or_the_end_of_the_stack_ends_a_claim()
    {
        (UserTcpStack stack, _, VirtualLink other) = await OpenInStoppedTimeAsync();
        using VirtualLink end = other;
        Task removed = stack.AddAddressAsync(s_second).AsTask();
        Assert.True(await stack.RemoveAddressAsync(s_second.Address));
        Assert.Equal(SocketError.OperationAborted, await ErrorOf(removed));

        Task pending = stack.AddAddressAsync(s_second).AsTask();
        stack.Abort();
        Assert.Equal(SocketError.OperationAborted, await ErrorOf(pending));
    }

    [Fact]
    public async Task A_watch_tells_of_every_change_in_its_order_and_ends_with_the_stack()
    {
        await using StackPair pair = await StackPair.OpenAsync(link: Shared);
        UserTcpStack stack = pair.Client;
        await using IAsyncEnumerator<UserTcpAddressChange> watch = stack.WatchAddressesAsync().GetAsyncEnumerator();
        Assert.Equal("10.0.0.1/24 Preferred", await NextAsync());

        await stack.AddAddressAsync(s_second).AsTask().WaitAsync(StackPair.Guard);
        await stack.DeprecateAddressAsync(s_second.Address);
        await stack.DeprecateAddressAsync(s_second.Address);
        await stack.DeprecateAddressAsync(s_second.Address, isDeprecated: false);
        await stack.RemoveAddressAsync(s_second.Address);
        await Assert.ThrowsAsync<SocketException>(
            () => stack.AddAddressAsync(new UserTcpAddress(StackPair.ServerAddress, 24)).AsTask());
        foreach (string state in new[] { "Tentative", "Preferred", "Deprecated", "Preferred", "Lost" })
        {
            Assert.Equal($"{s_second} {state}", await NextAsync());
        }

        Assert.Equal("10.0.0.2/24 Tentative", await NextAsync());
        Assert.Equal("10.0.0.2/24 Lost", await NextAsync());
        Task<bool> end = watch.MoveNextAsync().AsTask();
        Assert.False(end.IsCompleted);
        await stack.DisposeAsync();
        Assert.False(await end.WaitAsync(StackPair.Guard));

        async Task<string> NextAsync()
        {
            Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(StackPair.Guard));
            return $"{watch.Current.Address} {watch.Current.State}";
        }
    }

    [Fact]
    public async Task A_watch_ends_by_its_token()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        using var stop = new CancellationTokenSource();
        await using IAsyncEnumerator<UserTcpAddressChange> watch =
            pair.Client.WatchAddressesAsync(stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.True(await watch.MoveNextAsync());
        Task<bool> next = watch.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(StackPair.Guard));
    }

    [Fact]
    public async Task Connects_go_on_while_addresses_come_and_go()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        using var stop = new CancellationTokenSource();
        Task server = Task.Run(async () =>
        {
            await foreach (UserTcpConnection accepted in listener.AcceptAllAsync(stop.Token))
            {
                await accepted.DisposeAsync();
            }
        });
        Task changes = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                await pair.Client.AddAddressAsync(s_second);
                Assert.True(await pair.Client.DeprecateAddressAsync(StackPair.ClientAddress, i % 2 == 0));
                Assert.True(await pair.Client.RemoveAddressAsync(s_second.Address));
            }
        });
        int served = 0;
        while (!changes.IsCompleted || served == 0)
        {
            try
            {
                await using UserTcpConnection connection =
                    await pair.Client.ConnectAsync(StackPair.ServerAddress, 80).AsTask().WaitAsync(StackPair.Guard);
                served++;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionAborted)
            {
                continue; // it began with the address that went
            }
        }

        await changes;
        Assert.InRange(served, 1, int.MaxValue);
        Assert.Equal(UserTcpStackState.Running, pair.Client.State);
        Assert.Equal(StackPair.ClientAddress, Assert.Single(pair.Client.Addresses).Address);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.WaitAsync(StackPair.Guard));
    }

    private static async Task<SocketError> ErrorOf(Task claim) =>
        (await Assert.ThrowsAsync<SocketException>(() => claim.WaitAsync(StackPair.Guard))).SocketErrorCode;

    /// <summary>A stack for which time passes only by <see cref="PassAsync"/>, on a link that others may use.</summary>
    private static async Task<(UserTcpStack Stack, FakeTimeProvider Time, VirtualLink Other)> OpenInStoppedTimeAsync()
    {
        (VirtualLink link, VirtualLink other) = VirtualLink.CreatePair(Shared);
        var time = new FakeTimeProvider();
        UserTcpStackOptions options = StackPair.Options(link, StackPair.ClientAddress);
        options.TimeProvider = time;
        var stack = new UserTcpStack(options);
        await PassAsync(time, stack.StartAsync().AsTask());
        return (stack, time, other);
    }

    private static async Task PassAsync(FakeTimeProvider time, Task until)
    {
        using var guard = new CancellationTokenSource(StackPair.Guard);
        while (!until.IsCompleted)
        {
            guard.Token.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        await until;
    }
}
