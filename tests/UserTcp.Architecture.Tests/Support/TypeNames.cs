using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>Decodes signatures to type names, and tells <c>seen</c> each type that occurs in them.</summary>
internal sealed class TypeNames(MetadataReader metadata, Action<string, bool> seen)
    : ISignatureTypeProvider<string, object?>
{
    private readonly HashSet<string> _local = [];

    public bool IsLocal(string name) => _local.Contains(name);

    /// <summary>
    /// The name of a type by its token; empty for a type that has none of its own (a type parameter).
    /// </summary>
    public string Of(EntityHandle type) => type.Kind switch
    {
        HandleKind.TypeDefinition => GetTypeFromDefinition(metadata, (TypeDefinitionHandle)type, 0),
        HandleKind.TypeReference => GetTypeFromReference(metadata, (TypeReferenceHandle)type, 0),
        HandleKind.TypeSpecification =>
            metadata.GetTypeSpecification((TypeSpecificationHandle)type).DecodeSignature(this, null),
        _ => "",
    };

    public string OfDefinition(TypeDefinitionHandle handle)
    {
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        string name = metadata.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer
            ? $"{OfDefinition(outer)}+{name}"
            : Qualified(type.Namespace, name);
    }

    public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        string name = OfDefinition(handle);
        _local.Add(name);
        seen(name, true);
        return name;
    }

    public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
    {
        string name = OfReference(handle);
        seen(name, false);
        return name;
    }

    public string GetTypeFromSpecification(
        MetadataReader reader, object? context, TypeSpecificationHandle handle, byte rawTypeKind) => Of(handle);

    // The parts of a composed type have been seen by the time it is composed: it is known by its head.
    public string GetGenericInstantiation(string genericType, ImmutableArray<string> typeArguments) => genericType;

    public string GetArrayType(string elementType, ArrayShape shape) => elementType;

    public string GetSZArrayType(string elementType) => elementType;

    public string GetByReferenceType(string elementType) => elementType;

    public string GetPointerType(string elementType) => elementType;

    public string GetPinnedType(string elementType) => elementType;

    public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

    public string GetFunctionPointerType(MethodSignature<string> signature) => "";

    public string GetGenericMethodParameter(object? context, int index) => "";

    public string GetGenericTypeParameter(object? context, int index) => "";

    public string GetPrimitiveType(PrimitiveTypeCode typeCode) => "";

    private string OfReference(TypeReferenceHandle handle)
    {
        System.Reflection.Metadata.TypeReference type = metadata.GetTypeReference(handle);
        string name = metadata.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{OfReference((TypeReferenceHandle)type.ResolutionScope)}+{name}"
            : Qualified(type.Namespace, name);
    }

    private string Qualified(StringHandle space, string name) =>
        space.IsNil || metadata.GetString(space).Length == 0 ? name : $"{metadata.GetString(space)}.{name}";
}
