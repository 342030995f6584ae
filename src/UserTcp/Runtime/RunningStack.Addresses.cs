using System.Runtime.CompilerServices;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <content>Addresses that come and go while the stack runs.</content>
internal sealed partial class RunningStack
{
    /// <summary>Whoever adds an address or gives one up holds it, and enters one door after the other.</summary>
    private readonly Lock _addressing = new();

    // Both under the door of shard 0.
    private readonly AddressClaims _claims = new();
    private readonly List<AddressWatch> _watches = [];

    /// <summary>The addresses of this moment, the preferred one first.</summary>
    public UserTcpAddress[] Addresses => Array.ConvertAll(_host.Routes.Addresses.ToArray(), Show);

    /// <summary>Claims an address, and waits until it is ours (RFC 5227).</summary>
    public async ValueTask AddAddressAsync(LocalAddress address, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        AddressClaim claim = BeginClaim(address);
        ClaimOutcome outcome;
        try
        {
            outcome = await claim.Task.WaitAsync(Driver.Deferred(cancellationToken)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            if (Withdraw(claim))
                throw;
            outcome = await claim.Task.ConfigureAwait(false);
        }

        if (outcome == ClaimOutcome.Claimed)
            return;
        throw claim.Conflict is AddressConflict conflict
            ? ConnectErrors.ForConflict(conflict, _link.Info.Name)
            : ConnectErrors.ClaimGivenUp(address.Address);
    }

    /// <summary>
    /// Gives an address up: what it was used for ends, in silence. False if it was neither ours nor being claimed.
    /// </summary>
    public bool RemoveAddress(HostAddress address)
    {
        lock (_addressing)
        {
            using (Door.Visit visit = _shards[0].Door.Enter())
            {
                ThrowIfOver(visit);
                LocalAddress? lost = Find(address)
                    ?? _claims.Decide(address, ClaimOutcome.GivenUp, visit.Wakes)?.Local;
                if (lost is null)
                    return false;
                visit.Shard.ReleaseAddress(address);
                Tell(lost.Value, UserTcpAddressState.Lost, visit.Wakes);
            }

            foreach (RunningShard shard in _shards)
            {
                using Door.Visit visit = shard.Door.Enter();
                if (!visit.IsDead)
                    visit.Shard.EndAddress(address, visit.Now);
            }

            return true;
        }
    }

    /// <summary>Whether nothing new should begin with an address. False if it is not ours.</summary>
    public bool DeprecateAddress(HostAddress address, bool isDeprecated)
    {
        using Door.Visit visit = _shards[0].Door.Enter();
        ThrowIfOver(visit);
        if (Find(address) is not LocalAddress local)
            return false;

        if (local.IsDeprecated == isDeprecated)
            return true;
        visit.Shard.DeprecateAddress(address, isDeprecated);
        Tell(local, isDeprecated ? UserTcpAddressState.Deprecated : UserTcpAddressState.Preferred, visit.Wakes);
        return true;
    }

    /// <summary>All addresses with their states, and then each change, until the stack ends.</summary>
    public async IAsyncEnumerable<UserTcpAddressChange> WatchAddressesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        AddressWatch watch = BeginWatch();
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (watch.TryNext(out Task? more) is UserTcpAddressChange change)
                    yield return change;
                else if (more is null)
                    yield break;
                else
                    await more.WaitAsync(Driver.Deferred(cancellationToken)).ConfigureAwait(false);
            }
        }
        finally
        {
            using Door.Visit visit = _shards[0].Door.Enter();
            _watches.Remove(watch);
        }
    }

    private AddressClaim BeginClaim(LocalAddress address)
    {
        lock (_addressing)
        {
            using Door.Visit visit = _shards[0].Door.Enter();
            ThrowIfOver(visit);
            if (Find(address.Address) is not null || _claims.Has(address.Address))
                throw ConnectErrors.AddressIsOurs(address.Address);

            visit.Shard.ClaimAddress(address, visit.Now);
            Tell(address, UserTcpAddressState.Tentative, visit.Wakes);
            return _claims.Add(address, Completions);
        }
    }

    private bool Withdraw(AddressClaim claim)
    {
        lock (_addressing)
        {
            using Door.Visit visit = _shards[0].Door.Enter();
            if (!_claims.TryWithdraw(claim))
                return false;

            if (!visit.IsDead)
                visit.Shard.ReleaseAddress(claim.Local.Address);
            Tell(claim.Local, UserTcpAddressState.Lost, visit.Wakes);
            return true;
        }
    }

    private AddressWatch BeginWatch()
    {
        var watch = new AddressWatch(Completions);
        using Door.Visit visit = _shards[0].Door.Enter();
        ThrowIfOver(visit);
        foreach (LocalAddress local in _host.Routes.Addresses)
        {
            UserTcpAddressState state =
                local.IsDeprecated ? UserTcpAddressState.Deprecated : UserTcpAddressState.Preferred;
            watch.Add(new UserTcpAddressChange(Show(local), state));
        }

        foreach (AddressClaim claim in _claims.All)
        {
            watch.Add(new UserTcpAddressChange(Show(claim.Local), UserTcpAddressState.Tentative));
        }

        _watches.Add(watch);
        return watch;
    }

    // Under the door of shard 0, as all below.
    private void OnAddressClaimed(HostAddress address, WakeList wakes)
    {
        _claims.Decide(address, ClaimOutcome.Claimed, wakes);
        if (Find(address) is LocalAddress local)
            Tell(local, UserTcpAddressState.Preferred, wakes);
        _news.OnAddressClaimed(address, wakes);
    }

    private void OnAddressConflict(in AddressConflict conflict, Shard shard, WakeList wakes)
    {
        if (_claims.Decide(conflict.Address, ClaimOutcome.Conflict, wakes, conflict) is not { } claim)
        {
            _news.OnAddressConflict(conflict, wakes);
            return;
        }

        shard.ReleaseAddress(conflict.Address);
        Tell(claim.Local, UserTcpAddressState.Lost, wakes);
    }

    private void OnAddressesEnd(WakeList wakes)
    {
        _claims.OnEnd(wakes);
        foreach (AddressWatch watch in _watches)
        {
            watch.End();
            wakes.Add(watch, WakeReasons.Decided);
        }
    }

    private void Tell(LocalAddress local, UserTcpAddressState state, WakeList wakes)
    {
        foreach (AddressWatch watch in _watches)
        {
            watch.Add(new UserTcpAddressChange(Show(local), state));
            wakes.Add(watch, WakeReasons.Decided);
        }
    }

    private LocalAddress? Find(HostAddress address)
    {
        foreach (LocalAddress local in _host.Routes.Addresses)
        {
            if (local.Address == address)
                return local;
        }

        return null;
    }

    private static UserTcpAddress Show(LocalAddress local) => new(local.Address.ToIPAddress(), local.PrefixLength);
}
