namespace UserTcp.Architecture.Tests.Fixtures.Cycle;

internal sealed class Owner
{
    public Child? Child { get; set; }
}

internal sealed class Child
{
    public List<Grandchild>? Children { get; set; }
}

internal sealed class Grandchild
{
    public Owner? Back { get; set; }
    public Grandchild? Next { get; set; }
}
